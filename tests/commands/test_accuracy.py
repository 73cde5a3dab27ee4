"""`octet quantize --compare` tells how often every scheme is right about labelled pictures, however they are given."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.making import encoded
from helpers.quantizing import quantize
from octet.common.tensorflow import keras

COLOURS = {"dark": (60, 60, 60), "light": (200, 200, 200), "red": (200, 60, 60)}
PICTURES = 6  # of each class; more than a batch of all together


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that tells the colours apart by the mean of a picture."""
    folder = tmp_path_factory.mktemp("model")
    keras.utils.set_random_seed(1)
    colours = np.array([*COLOURS.values()]) / 127.5 - 1  # [C, 3]
    logits = keras.layers.Dense(3, "softmax")
    network = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.GlobalAveragePooling2D(), logits])
    logits.set_weights([8 * colours.T, -4 * (colours**2).sum(axis=1)])  # the nearest colour has the highest
    network.save(folder / "colours.h5")
    return folder / "colours.h5"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for number in range(PICTURES):
            pixels = random.normal(colour, 20, (20, 30, 3)).clip(0, 255).astype(np.uint8)
            (folder / name / f"{number}.jpg").write_bytes(encoded(Image.fromarray(pixels)))
    return folder


def table(stdout: str) -> dict[str, list[str]]:
    """The cells of the table of accuracies, by scheme: size, top-1, in batches, same as float."""
    _, _, lines = stdout.partition(f"accuracy on {3 * PICTURES} labelled pictures, one at a time and in batches:\n")
    _, *rows = ([cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines.splitlines())
    return {name: cells for name, *cells in rows}


def test_every_scheme_is_told_single_and_in_batches(model: Path, photos: Path) -> None:
    words = ["--calibration", photos, "--pixels", "signed", "--compare", "--labelled", photos]
    result = quantize(model, "--scheme", "int8", *words)
    assert (result.returncode, result.stderr) == (0, "")
    rows = table(result.stdout)
    assert [*rows] == ["float", "dynamic", "float16", "int8", "uint8", "int16x8"]
    for _, accuracy, together, same in rows.values():
        assert (accuracy, together, same) == ("1.000 (0.824 to 1.000)", "1.000", "100.0%")


def test_without_samples_only_schemes_that_need_none(model: Path, photos: Path, tmp_path: Path) -> None:
    """And with labels in another order the model is right where it was wrong."""
    (tmp_path / "labels.txt").write_text("dark\nred\nlight\n")
    words = ["--pixels", "signed", "--compare", "--labelled", photos, "--labels", tmp_path / "labels.txt"]
    rows = table(quantize(model, "--scheme", "float16", *words).stdout)
    assert [*rows] == ["float", "dynamic", "float16"]
    assert [cells[1][:5] for cells in rows.values()] == ["0.333"] * 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--labelled", "photos"], "--labelled photos: is for --compare: give that, too"),
        (["--compare", "--labelled", "photos"], "photos: say how the model expects its pixels, with --pixels"),
        (["--compare", "--labelled", "photos/dark"], "photos/dark: expected a folder that holds a folder of pictures"),
        (["--labels", "labels.txt"], "--labels labels.txt: names the classes of --labelled DIR: give that, too"),
        (
            ["--compare", "--labelled", "two", "--pixels", "raw"],
            "two: has 2 class folders, but the model tells 3",
        ),
        (
            ["--compare", "--labelled", "photos", "--pixels", "raw", "--labels", "labels.txt"],
            "labels.txt: has no label 'red', which is a folder in photos",
        ),
    ],
    ids=range(6),
)
def test_what_cannot_be_told_is_refused_in_a_line(
    words: list[str], told: str, model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photos").symlink_to(photos)
    Path("labels.txt").write_text("dark\nlight\n")
    for name in ("dark", "light"):
        Path("two", name).mkdir(parents=True)
    result = quantize(model, "--scheme", "dynamic", "--out", "out.tflite", *words)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"octet: {told}")
