"""params.yaml as typed, immutable recipes: what all have in common in shared/, and a file for each task."""
