"""Running a .tflite file on floats, whatever it computes in."""

from typing import Any

from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from octet.commands.shrinking.samples import Sample
from octet.common.silence import silence
from octet.tflite.running.tensors import dequantized, quantized


class FloatRunner:
    """Runs a .tflite file on floats; its outputs are in the order of their names."""

    def __init__(self, content: bytes) -> None:
        with silence():
            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
            self._run = interpreter.get_signature_runner()
        self._inputs, self._outputs = self._run.get_input_details(), self._run.get_output_details()

    def __call__(self, sample: Sample) -> list[NDArray[Any]]:
        codes = {name: quantized(values, self._inputs[name]) for name, values in sample.items()}
        return [dequantized(values, self._outputs[name]) for name, values in sorted(self._run(**codes).items())]
