"""What MediaPipe finds: find_with_mediapipe.py MODEL PICTURES.npz, as JSON.

A list a picture, of [label, score, left, top, right, bottom]. Runs in an environment of its own, without Octet.
"""

import json
import sys

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

model, pictures = sys.argv[1:]
options = vision.ObjectDetectorOptions(base_options=BaseOptions(model_asset_path=model), score_threshold=0.2)
found = []
with vision.ObjectDetector.create_from_options(options) as detector:
    for picture in np.load(pictures)["pictures"]:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
        rows = []
        for of in detector.detect(image).detections:
            box = of.bounding_box
            corners = [box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height]
            # It makes one of all detections that have the same box.
            rows += [[category.category_name, category.score, *corners] for category in of.categories]
        found.append(rows)
print(json.dumps(found))
