"""Average precision and what each step of quantization costs."""
