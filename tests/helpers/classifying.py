"""A classifier's recipe, and records of small pictures that it can learn."""

import copy
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image

from conftest import IN_ONE, ROOT
from helpers.making import encoded
from octet.common.tensorflow import keras, tf
from octet.data.reading.pixels import normalize
from octet.data.writing.records import serialize_example, write_class_names, write_split
from octet.recipe.classification import Recipe
from octet.tasks.classification.network.part import Network
from octet.tasks.classification.shipping.part import Shipping
from octet.tflite.files.conversion import to_float, to_integer, trace_graph
from octet.tflite.files.metadata import FileDescription, add_metadata

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
        section[training].update(loss={"label_smoothing": 0.1}, **IN_ONE)
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


def write_classifier_file(file: Path) -> Path:
    """Write a file that tells the classes apart by the mean colour of a picture, and is surer the purer that is."""

    def classify(pictures: tf.Tensor) -> tf.Tensor:
        mean = tf.reduce_mean(pictures, [1, 2])  # [1, 3]
        colours = normalize(np.array(_COLOURS, np.uint8))  # [C, 3]
        return tf.nn.softmax(-4 * tf.reduce_sum((mean - colours) ** 2, axis=1)[None])  # [1, C]

    content = to_float(trace_graph(classify, (), tf.TensorSpec([1, 16, 16, 3], tf.float32, "pictures")))
    shipping = Shipping(classifier_recipe(), CLASSES)
    about = FileDescription("n", "1.0.0", "a", "l", "r", "0" * 64, CLASSES, shipping.description)
    file.write_bytes(add_metadata(content, about, shipping.outputs))
    return file


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


def write_classifier_project(folder: Path) -> Recipe:
    """Write records and the integer files of an untrained classifier where its recipe's commands look for them."""
    keras.utils.set_random_seed(4)
    recipe = classifier_recipe()
    write_classifier_records(folder / "data" / recipe.name / "records")
    models = folder / "models" / recipe.name
    (models / "tflite").mkdir(parents=True)
    (models / "labels.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    network, shipping = Network(recipe, CLASSES).build(), Shipping(recipe, CLASSES)
    pictures = normalize(noise(8, recipe.model.input_size)).numpy()
    settle_batch_norm(network, pictures)

    def calibration() -> Iterator[list[NDArray[np.float32]]]:
        return ([picture[None]] for picture in pictures)

    shipped, raw = (
        to_integer(trace(network), calibration, output_type=kind)
        for trace, kind in ((shipping.trace_shipped, tf.float32), (shipping.trace_raw, tf.uint8))
    )
    (models / recipe.shipped_file).write_bytes(shipped)
    (models / "tflite" / "uint8_raw.tflite").write_bytes(raw)
    return recipe
