"""How long each layer of a file takes: the file is cut after each of its operators, and the pieces are timed."""
