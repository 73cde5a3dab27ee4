"""The graph that becomes .tflite files, and the metadata of its output."""
