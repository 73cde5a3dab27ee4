"""Where a file parts from the network that it was made of, layer by layer."""
