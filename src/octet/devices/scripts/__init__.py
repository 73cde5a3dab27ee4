"""What runs inside a runtime's own environment: each script needs numpy and that runtime, and nothing of Octet."""
