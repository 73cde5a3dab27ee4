"""The fit loop: determinism, resume, the choice of the best weights."""
