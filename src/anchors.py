"""See how well a recipe's anchors fit its objects: recall at an overlap of a half, by size.

Reads:  data/RECIPE/records
Usage:  python src/anchors.py RECIPE
"""

from pathlib import Path

import numpy as np

from octet import device, stage
from octet.dataset.records import read_truths
from octet.detector.anchors import make_anchors
from octet.detector.recall import recall_by_size, text_table
from octet.files import require
from octet.recipe import Recipe


def main(recipe: Recipe) -> None:
    device.use("cpu")
    records = require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    truths = read_truths(records, "train") + read_truths(records, "val")
    boxes = np.concatenate([truth.boxes for truth in truths])
    anchors, size = make_anchors(recipe.model), recipe.model.input_size
    print(f"{len(anchors)} anchors on the objects of {len(truths)} pictures of train and val, at {size} px:")
    print(text_table(recall_by_size(boxes, anchors, size)))


if __name__ == "__main__":
    stage.run(main, __doc__)
