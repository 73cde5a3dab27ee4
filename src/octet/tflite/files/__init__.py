"""Converting a traced graph to a TFLite file with its metadata."""
