"""What quantize is made of: how any Keras model or SavedModel is checked, loaded, converted and compared."""
