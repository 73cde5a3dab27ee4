"""Small things that all use."""
