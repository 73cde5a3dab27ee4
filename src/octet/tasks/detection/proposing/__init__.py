"""What own data suggests for a detector's recipe: input size, anchors, epochs."""
