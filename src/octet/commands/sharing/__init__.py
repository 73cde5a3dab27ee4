"""The parts of `octet push` and `octet pull`: files go to DVC's remote and back, and every one is checked."""
