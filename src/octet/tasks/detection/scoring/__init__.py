"""Scores detections against the ground truth, on the test set and on resamples of it."""
