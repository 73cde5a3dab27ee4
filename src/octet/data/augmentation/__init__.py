"""What training sees: shuffled batches of augmented pictures."""
