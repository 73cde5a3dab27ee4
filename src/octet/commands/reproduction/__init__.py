"""The parts of `octet stale` and `octet verify`: whether dvc.lock fits the code, and a rerun makes the same bytes."""
