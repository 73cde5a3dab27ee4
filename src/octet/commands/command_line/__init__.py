"""What all commands share: how their words are parsed, and which recipe they are about."""
