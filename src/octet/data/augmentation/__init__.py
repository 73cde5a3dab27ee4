"""The input of trainings: shuffled batches of augmented pictures."""
