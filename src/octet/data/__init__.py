"""Data as it is trained on: records, augmentation, batches."""
