"""The network from pictures to box codes and scores, and from there to detections."""
