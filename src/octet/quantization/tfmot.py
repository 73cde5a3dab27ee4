"""TensorFlow Model Optimization, and those of its parts that have no public name, imported without Keras 3.

Its pruning looks for a module of older Keras releases, and would import all of Keras 3 before it does without.
"""

import sys
from typing import Any

from octet.common.imports import uncollected

_keras: Any = sys.modules.get("keras")
sys.modules["keras"] = _keras  # None: every import of it fails
try:
    with uncollected():
        import tensorflow_model_optimization as tfmot
        from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
            default_8bit_quantize_configs as configs,
        )
        from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
            default_8bit_quantize_registry as registry,
        )
        from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
            default_8bit_quantize_scheme as scheme,
        )
        from tensorflow_model_optimization.python.core.quantization.keras.quantize_config import OutputOnlyConfig
        from tensorflow_model_optimization.python.core.quantization.keras.quantize_layer import QuantizeLayer
        from tensorflow_model_optimization.python.core.quantization.keras.quantize_wrapper import (
            QuantizeWrapper,
            QuantizeWrapperV2,
        )
        from tensorflow_model_optimization.python.core.quantization.keras.quantizers import LastValueQuantizer
finally:
    if _keras is None:
        del sys.modules["keras"]

__all__ = [
    "LastValueQuantizer",
    "OutputOnlyConfig",
    "QuantizeLayer",
    "QuantizeWrapper",
    "QuantizeWrapperV2",
    "configs",
    "registry",
    "scheme",
    "tfmot",
]
