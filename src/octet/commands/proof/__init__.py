"""The proof of `octet gpu`: trainings on this machine's GPUs, as they compute there, and how fast."""
