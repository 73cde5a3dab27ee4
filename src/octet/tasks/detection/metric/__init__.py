"""Ground truth, detections, and the average precision between them, which training chooses weights by."""
