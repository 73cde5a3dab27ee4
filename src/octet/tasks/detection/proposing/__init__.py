"""Proposes a detector recipe's values for the user's own data: input size and strides."""
