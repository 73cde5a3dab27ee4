"""From a traced graph to a file with its metadata."""
