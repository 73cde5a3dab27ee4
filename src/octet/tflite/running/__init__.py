"""Files run by the interpreter, and what they are made of."""
