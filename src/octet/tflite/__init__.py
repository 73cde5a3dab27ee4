"""TFLite files: converting to them, running them, and comparing them with their network."""
