"""Run a .tflite file with OpenVINO on the CPU: run_openvino.py FILE INPUTS.npy ANSWERS.

Writes ANSWERS.npz and ANSWERS.json as run_litert.py does.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import openvino

file, inputs, answers = sys.argv[1:]
core = openvino.Core()
# bfloat16, which it may choose by itself, is no error of its reading
network = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
outputs: list[list[np.ndarray]] = [[] for _ in network.outputs]
seconds = []
for picture in np.load(inputs):
    start = time.perf_counter()
    found = network(picture[None])
    seconds.append(time.perf_counter() - start)
    for kept, output in zip(outputs, network.outputs, strict=True):
        kept.append(found[output][0].copy())
np.savez(f"{answers}.npz", *map(np.stack, outputs))
facts = {"version": openvino.__version__.partition("-")[0], "milliseconds": float(np.median(seconds) * 1000)}
Path(f"{answers}.json").write_text(json.dumps(facts))
