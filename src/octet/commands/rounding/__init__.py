"""What it costs that implementations of the same operators round differently."""
