"""The measurements are all there; how fast they are is no test's matter."""

import json
from pathlib import Path

import pytest
from PIL import Image

from conftest import Project, tiny_params
from helpers.classifying import classifier_params
from helpers.making import encoded
from helpers.small_files import detector_file
from octet.commands.benchmark.data import full_batches, preparation_rates
from octet.commands.benchmark.files import file_rates
from octet.common.errors import UserError
from octet.common.machine import cores
from octet.data.reading.records import count_records
from octet.recipe.classification import Recipe
from octet.sources.packing.tar import PackedFile, write_archive

FILES = {"float32": "tflite/float32.tflite", "uint8": "detector_uint8.tflite"}
PARTS = {
    "from the archives": ["decode", "preprocess"],
    "from the records": ["decode", "training input"],
    "training": ["one batch", "from the records"],
    "scoring": ["one batch", "from the records"],
    "one picture": [f"{name}{end}" for name in (*FILES, "uint8_raw", "peer") for end in ("", ", from a JPEG")],
    "scoring a file": ["file"],
}

SHARED = {"training on two cores": ["one replica", "two in a process", "two processes"]} if cores() > 1 else {}


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_archives_of_class_folders_are_measured_too(tmp_path: Path, kind: str) -> None:
    pictures = [encoded(Image.new("RGB", (40, 40), (number, 0, 0)), kind) for number in range(0, 250, 12)]
    files = [PackedFile(f"flowers/a/{number}.{kind.lower()}", content) for number, content in enumerate(pictures)]
    write_archive(tmp_path / "flowers.tar", files)
    section = classifier_params()
    section["dataset"].update(classes="found", splits={"train": ["flowers"], "val": 0.2, "test": 0.2})
    recipe = Recipe.model_validate({**section, "name": "classifier"})
    rates = preparation_rates(recipe, tmp_path)
    assert list(rates) == PARTS["from the archives"]
    assert all(rate > 0 for rate in rates.values())


def test_batches_are_full_whatever_the_number_of_pictures(reproduced: Project) -> None:
    """Rates count them as such."""
    records = reproduced.folder / "data/quickstart/records"
    assert count_records(records, "test") % 7
    assert [len(batch) for batch in full_batches(records, 64, 7, 5)] == [7] * 5


def test_a_peer_whose_pixels_nobody_names_is_refused_before_anything_is_measured(
    reproduced: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a detector finds on wrong pixels takes another time."""
    (tmp_path / "peer.tflite").write_bytes(detector_file(integer=False))
    (tmp_path / "none.tflite").write_bytes(b"no model")
    for name, told in (
        (
            "peer.tflite",
            "its input is float32, and its metadata names no normalization: say how ",
        ),
        ("none.tflite", "not a model that LiteRT runs: "),
    ):
        monkeypatch.setenv("PEER", str(tmp_path / name))
        result = reproduced.octet("bench", "quickstart")
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(f"octet: {tmp_path / name}: {told}")


def test_a_peer_is_measured_on_pixels_as_the_user_says(reproduced: Project, tmp_path: Path) -> None:
    (tmp_path / "peer.tflite").write_bytes(detector_file(integer=False))
    files, records = {"peer": tmp_path / "peer.tflite"}, reproduced.folder / "data/quickstart/records"
    with pytest.raises(UserError, match="--pixels raw"):
        file_rates(files, records, None)
    assert list(file_rates(files, records, "unit")) == ["peer", "peer, from a JPEG"]


@pytest.mark.slow
def test_every_part_is_measured_on_one_core_and_on_all(
    reproduced: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = reproduced.copy(tmp_path)
    params = tiny_params()
    params["quickstart"]["train_float"]["strategy"] = {"kind": "workers", "replicas": 2}
    project.write_params(params)
    monkeypatch.setenv("PEER", "models/quickstart/tflite/int8_ptq.tflite")
    result = project.octet("bench", "quickstart")
    assert result.returncode == 0, result.stderr
    assert "measured on one device, in place of its 2 replicas" in result.stdout
    measured = json.loads((project.folder / "runs/quickstart/benchmark.json").read_text())
    shared = measured.pop("shared")
    assert {group: list(rates) for group, rates in shared.items()} == SHARED
    assert "1" in measured
    for groups in measured.values():
        assert {group: list(rates) for group, rates in groups.items()} == PARTS
        assert all(rate > 0 for rates in groups.values() for rate in rates.values())
    assert "of one core's rate" in result.stdout
    large, small = ((project.folder / "models/quickstart" / file).stat().st_size for file in FILES.values())
    assert f"{small / large:.2f} of float32's" in result.stdout
    *_, table = result.stdout.split("pictures a second")
    rows = [line.rpartition(":")[2].split() for line in table.split("\n\n")[0].splitlines()[1:]]
    named = [" ".join(row[: -2 * len(measured)]) for row in rows]
    assert named == [part for parts in PARTS.values() for part in parts]
