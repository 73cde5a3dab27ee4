"""Finding objects and their boxes."""
