"""What detect is made of: pictures of any source, what was found in them, and drawn copies."""
