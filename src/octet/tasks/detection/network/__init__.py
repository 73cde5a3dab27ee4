"""The network, which turns pictures into box codes and scores, its cells, and the step from there to detections."""
