"""The checks of `octet doctor`: whether a recipe will run on this machine, and if not, why."""
