"""From float weights to eight bits: fake quantization and the TFLite ladder."""
