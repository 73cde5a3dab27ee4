"""Collects the answers of models for the test pictures."""
