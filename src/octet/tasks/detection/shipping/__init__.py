"""The graphs that become .tflite files, and the metadata of their outputs."""
