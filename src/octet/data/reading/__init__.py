"""Reading records and their pictures, for every stage after preprocess."""
