"""The network, which turns pictures into box codes and scores, its anchors, and the step from there to detections."""
