"""What preprocess reads of archives: their members, pictures and annotations, checked."""
