"""Run a shipped .tflite file with MediaPipe Tasks: run_mediapipe.py FILE PICTURES.npy OUTPUTS LABELS ANSWERS.

LABELS is a list as JSON. A file with one output is a classifier, and any other a detector. Its answers are written in
the form of the file's own outputs: ANSWERS.npz holds probabilities [N, C], or boxes [N, D, 4], classes, scores, counts.
"""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

ENLARGED = 8  # for its boxes are in whole pixels, and however a square is sampled, it gives its pixel back

file, inputs, count, labels, answers = sys.argv[1:]
numbers = {label: number for number, label in enumerate(json.loads(labels))}
pictures = np.load(inputs)
base = BaseOptions(model_asset_path=file)


def images() -> Iterator[Any]:
    for picture in pictures:
        large = picture.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
        yield mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=large)


if int(count) == 1:
    probabilities = np.zeros([len(pictures), len(numbers)], np.float32)
    with vision.ImageClassifier.create_from_options(vision.ImageClassifierOptions(base_options=base)) as classifier:
        for row, image in zip(probabilities, images(), strict=True):
            for category in classifier.classify(image).classifications[0].categories:
                row[numbers[category.category_name]] = category.score
    outputs = [probabilities]
else:
    found = []
    with vision.ObjectDetector.create_from_options(vision.ObjectDetectorOptions(base_options=base)) as detector:
        for image in images():
            rows = []
            for of in detector.detect(image).detections:
                box = of.bounding_box
                corners = (box.origin_y, box.origin_x, box.origin_y + box.height, box.origin_x + box.width)
                # It makes one of all detections that have the same box.
                rows += [(*corners, numbers[category.category_name], category.score) for category in of.categories]
            found.append(sorted(rows, key=lambda row: -row[-1]))
    most = max(1, *map(len, found))
    table = np.zeros([len(found), most, 6], np.float32)
    for place, rows in zip(table, found, strict=True):
        place[: len(rows)] = np.reshape(rows, [-1, 6])
    side = pictures.shape[1] * ENLARGED
    outputs = [table[..., :4] / side, table[..., 4], table[..., 5], np.array(list(map(len, found)), np.float32)]
np.savez(f"{answers}.npz", *outputs)
Path(f"{answers}.json").write_text(json.dumps({"version": version("mediapipe")}))
