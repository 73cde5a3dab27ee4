"""Annotated pictures as records."""
