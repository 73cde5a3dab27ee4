"""The training loop: steps, checkpoints, resume, schedule, determinism, the best weights."""
