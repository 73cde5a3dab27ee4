"""A shipped file at work on any picture, from the file alone."""
