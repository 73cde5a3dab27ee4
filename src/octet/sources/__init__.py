"""Input data: packing it into archives, and reading and checking archives."""
