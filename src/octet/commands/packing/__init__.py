"""One folder for a device: files, pictures, the answers that are expected, and a script that compares."""
