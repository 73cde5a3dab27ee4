"""The change of score at each step, with its interval, and the quality gate, for the scores of any task."""
