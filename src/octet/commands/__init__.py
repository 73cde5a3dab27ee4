"""What people run by hand, a file a command; folders hold what a command is made of."""
