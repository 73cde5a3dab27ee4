"""Opening a .tflite file of which nothing is known."""
