"""Turns pictures in class folders into records."""
