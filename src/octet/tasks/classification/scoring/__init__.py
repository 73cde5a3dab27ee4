"""Scores answers against the ground truth, on the test set and its resamples, and two models against each other."""
