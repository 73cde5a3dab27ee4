"""The network, which turns pictures into a logit for each class, and the step from there to probabilities."""
