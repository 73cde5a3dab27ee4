"""VOC as we train on it: records, augmentation, the input pipeline."""
