"""Quantize a float .tflite file with Rockchip's toolkit, and run it in its simulator of the NPU.

run_rknn.py FILE PICTURES.npy CALIBRATION.npy MEAN DEVIATION TARGET ANSWERS: pictures are raw pixels, which the toolkit
normalizes itself. Writes ANSWERS.npz and ANSWERS.json as run_litert.py does.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rknn.api import RKNN


def require(result: int, step: str) -> None:
    if result != 0:
        sys.exit(f"{step} failed: see its log")


file, pictures, calibration, mean, deviation, target, answers = sys.argv[1:]
scratch = Path(answers).parent
listed = scratch / "calibration.txt"
with listed.open("w") as lines:
    for number, picture in enumerate(np.load(calibration)):
        np.save(scratch / f"calibration-{number}.npy", picture[None].transpose(0, 3, 1, 2))  # [1, 3, S, S]
        lines.write(f"{scratch / f'calibration-{number}.npy'}\n")
rknn = RKNN(verbose=False)
levels = {"mean_values": [[float(mean)] * 3], "std_values": [[float(deviation)] * 3]}
require(rknn.config(**levels, target_platform=target), "config")
require(rknn.load_tflite(model=file), "load_tflite")
require(rknn.build(do_quantization=True, dataset=str(listed)), "build")
require(rknn.init_runtime(), "init_runtime")
outputs: list[list[np.ndarray]] = []  # as many as the first picture has
for picture in np.load(pictures):
    found = rknn.inference(inputs=[picture[None]], data_format=["nhwc"])
    outputs = outputs or [[] for _ in found]
    for kept, output in zip(outputs, found, strict=True):
        kept.append(output[0])
rknn.release()
np.savez(f"{answers}.npz", *map(np.stack, outputs))
Path(f"{answers}.json").write_text(json.dumps({"version": version("rknn-toolkit2")}))
