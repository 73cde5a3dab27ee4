"""How the network learns: what it is shown, what it is held against, and how it is validated."""
