"""How the network learns: training examples, targets, losses, and validation."""
