"""Run a .tflite file with LiteRT's interpreter: run_litert.py FILE INPUTS.npy KERNELS THREADS ANSWERS.

Needs numpy and ai-edge-litert alone, so that it runs wherever they do. Writes ANSWERS.npz, the contents of each output
tensor for all inputs, and ANSWERS.json, what the runtime tells of itself.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

KERNELS = {
    "XNNPACK": OpResolverType.BUILTIN,
    "builtin": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "reference": OpResolverType.BUILTIN_REF,
}

file, inputs, kernels, threads, answers = sys.argv[1:]
interpreter = Interpreter(model_path=file, num_threads=int(threads), experimental_op_resolver_type=KERNELS[kernels])
interpreter.allocate_tensors()
(input_details,) = interpreter.get_input_details()
output_details = interpreter.get_output_details()
outputs: list[list[np.ndarray]] = [[] for _ in output_details]
seconds = []
for picture in np.load(inputs):
    interpreter.set_tensor(input_details["index"], picture[None])
    start = time.perf_counter()
    interpreter.invoke()
    seconds.append(time.perf_counter() - start)
    for kept, details in zip(outputs, output_details, strict=True):
        kept.append(interpreter.get_tensor(details["index"])[0].copy())
np.savez(f"{answers}.npz", *map(np.stack, outputs))
facts = {"version": version("ai-edge-litert"), "milliseconds": float(np.median(seconds) * 1000)}
Path(f"{answers}.json").write_text(json.dumps(facts))
