"""What doctor looks at: whether a recipe will run here, and if not, why."""
