"""Running TFLite files with the interpreter, and listing their operators."""
