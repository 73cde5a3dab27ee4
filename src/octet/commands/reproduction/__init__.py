"""Whether dvc.lock fits the code, and whether a rerun ends in the same bytes."""
