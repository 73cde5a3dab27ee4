"""The graph that ships, and what its file says of itself."""
