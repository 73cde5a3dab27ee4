"""VOC's annotations, which both packing and reading speak, and what can be wrong with data."""
