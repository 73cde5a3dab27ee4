"""What models find in the test pictures."""
