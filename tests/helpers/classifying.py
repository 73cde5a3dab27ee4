"""A classifier's recipe, and records of small pictures that it can learn."""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image

from conftest import ROOT
from helpers.making import encoded
from octet.common.tensorflow import keras
from octet.data.writing.records import serialize_example, write_class_names, write_split
from octet.recipe.classification import Recipe

CLASSES = ("dark", "light", "red")
_COLOURS = ((60, 60, 60), (200, 200, 200), (200, 60, 60))


def classifier_params(**model: Any) -> dict[str, Any]:
    """A classifier's section of params.yaml: that of `quickstart`, with its own keys in the place of a detector's."""
    section = copy.deepcopy(yaml.safe_load((ROOT / "params.yaml").read_text())["quickstart"])
    section["task"] = "classification"
    section["dataset"]["source"]["kind"] = "one_shape"
    section["model"] = {
        "backbone": "mobilenet_v2",
        "alpha": 0.35,
        "input_size": 64,
        "dropout": 0.2,
        "batch_norm_momentum": 0.5,
        **model,
    }
    for training in ("train_float", "train_qat"):
        for key in ("keep_difficult", "keep_truncated", "assignment"):
            del section[training][key]
        section[training]["loss"] = {"label_smoothing": 0.1}
    del section["score"]["max_coco_drop"]
    return section


def classifier_recipe(**model: Any) -> Recipe:
    """A classifier's recipe; `model` changes its network."""
    return Recipe.model_validate({**classifier_params(**model), "name": "classifier"})


def write_classifier_records(
    folder: Path, pictures: int = 12, splits: Iterable[str] = ("train", "val", "test")
) -> Path:
    """Write records of noisy pictures, class after class, the same in every split."""
    folder.mkdir(parents=True)
    for split in splits:
        examples = [_example(number) for number in range(pictures)]
        write_split(folder, split, 1, examples)
    write_class_names(folder, CLASSES)
    return folder


def noise(count: int, size: int) -> NDArray[np.uint8]:
    """Pictures [count, size, size, 3] of random pixels, some darker than others."""
    random = np.random.default_rng(7)
    brightest = random.integers(40, 256, (count, 1, 1, 3))
    return (random.random((count, size, size, 3)) * brightest).astype(np.uint8)


def settle_batch_norm(network: keras.Model, pictures: NDArray[np.float32]) -> None:
    """Give a network of random weights the statistics of these pictures, without which its values vanish or explode."""
    for _ in range(12):
        network(pictures, training=True)


def _example(number: int) -> bytes:
    class_ = number % len(CLASSES)
    random = np.random.default_rng(number)
    pixels = np.clip(random.normal(_COLOURS[class_], 20, (72, 96, 3)), 0, 255).astype(np.uint8)
    return serialize_example(
        {
            "id": f"{number:06d}",
            "jpeg": encoded(Image.fromarray(pixels)),
            "height": np.array(72),
            "width": np.array(96),
            "class": np.array(class_),
        }
    )
