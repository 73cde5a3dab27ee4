"""Ground truth, the answers of models, and how often they are right, by which training chooses weights, too."""
