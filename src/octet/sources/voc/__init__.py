"""VOC's annotations, which packing writes and reading reads, and the problems that data can have."""
