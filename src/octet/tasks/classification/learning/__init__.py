"""How the network learns: training examples, losses, and validation."""
