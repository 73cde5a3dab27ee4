"""All scores of a model, on the test set as it is and drawn again."""
