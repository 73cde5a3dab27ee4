"""Reading archives in preprocess: their members, pictures and annotations, with all checks."""
