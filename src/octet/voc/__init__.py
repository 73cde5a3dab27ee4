"""VOC as it comes: annotations, archives, and the set that the project renders itself."""
