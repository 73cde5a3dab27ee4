"""Collects the detections of models in the test pictures."""
