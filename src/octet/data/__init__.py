"""The data that networks are trained on: records, augmentation and batches."""
