"""params.yaml as typed, immutable recipes: shared/ holds the sections of all recipes, and each task adds a file."""
