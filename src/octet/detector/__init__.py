"""The arithmetic of a single-shot detector: no files, no DVC."""
