"""Records as every stage after preprocess reads them, and their pixels."""
