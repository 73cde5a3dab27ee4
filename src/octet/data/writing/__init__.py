"""Records as preprocess writes them."""
