"""Classification: which of the classes a picture shows."""
