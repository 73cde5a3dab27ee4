"""Turns annotated pictures into records."""
