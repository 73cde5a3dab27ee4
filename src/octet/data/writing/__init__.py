"""Writing records, for the stage preprocess."""
