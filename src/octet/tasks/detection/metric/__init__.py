"""Ground truth, detections, and their average precision, which also chooses the best weights in training."""
