"""The speed of a recipe's parts, each beside the speed of the work that it cannot avoid."""
