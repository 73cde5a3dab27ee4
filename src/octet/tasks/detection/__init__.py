"""Object detection: the parts that find objects and their boxes in pictures."""
