"""What each step costs, with its interval, and whether the shipped file passes; knows scores, no task."""
