"""Runs a shipped .tflite file on any picture."""
