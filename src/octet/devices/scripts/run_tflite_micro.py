"""Run a .tflite file with TensorFlow Lite Micro: run_tflite_micro.py FILE INPUTS.npy OUTPUTS ANSWERS.

OUTPUTS is how many the file has. Prints what it allocated. Writes ANSWERS.npz and ANSWERS.json as run_litert.py does.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro.runtime import Interpreter

file, inputs, count, answers = sys.argv[1:]
interpreter = Interpreter.from_file(file)
outputs: list[list[np.ndarray]] = [[] for _ in range(int(count))]
for picture in np.load(inputs):
    interpreter.set_input(picture[None], 0)
    interpreter.invoke()
    for number, kept in enumerate(outputs):
        kept.append(interpreter.get_output(number)[0].copy())
interpreter.print_allocations()
np.savez(f"{answers}.npz", *map(np.stack, outputs))
Path(f"{answers}.json").write_text(json.dumps({"version": version("tflite-micro")}))
