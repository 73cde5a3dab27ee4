"""What all recipes have in common, how they are loaded, and how a stage script starts with one."""
