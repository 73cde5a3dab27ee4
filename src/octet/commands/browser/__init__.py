"""The shipped file at work in a browser."""
