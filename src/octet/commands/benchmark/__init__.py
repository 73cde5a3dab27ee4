"""How fast the parts are, each against what it cannot do without."""
