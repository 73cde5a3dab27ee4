"""Proposes a classifier recipe's values for the user's own data: input size and frozen blocks."""
