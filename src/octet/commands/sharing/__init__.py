"""To DVC's remote and back, every file checked."""
