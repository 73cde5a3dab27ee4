"""What MediaPipe says of pictures: classify_with_mediapipe.py MODEL PICTURES.npz, as JSON.

A list a picture, of [label, score], the highest score first. Runs in an environment of its own, without Octet.
"""

import json
import sys

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

model, pictures = sys.argv[1:]
options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model))
told = []
with vision.ImageClassifier.create_from_options(options) as classifier:
    for picture in np.load(pictures)["pictures"]:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
        (answers,) = classifier.classify(image).classifications
        told.append([(answer.category_name, answer.score) for answer in answers.categories])
print(json.dumps(told))
