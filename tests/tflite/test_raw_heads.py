"""The code in docs/raw-heads.md gets from uint8_raw the detections of the shipped file."""

import re
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from conftest import ROOT, Project, detection_recipe
from octet.data.reading.pictures import picture_batches
from octet.tflite.running.running import run_tflite


def test_the_pages_code_has_the_detections_of_the_shipped_file(reproduced: Project) -> None:
    page: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "raw-heads.md").read_text(), re.DOTALL):
        exec(block, page)
    recipe = detection_recipe(reproduced.folder / "params.yaml")
    models = reproduced.folder / "models" / "quickstart"
    pictures = read_batch(reproduced.folder / "data" / "quickstart" / "records", recipe.model.input_size)
    interpreter = Interpreter(model_path=str(models / "tflite" / "uint8_raw.tflite"))
    interpreter.allocate_tensors()
    anchors, suppression = np.load(models / "tflite" / "anchors.npy"), recipe.model.suppression
    compared = 0
    for picture, boxes, classes, scores, count in zip(
        pictures, *next(run_tflite(models / "detector_uint8.tflite", [pictures])), strict=True
    ):
        codes, raw_scores = page["heads"](interpreter, picture)  # type: ignore[operator]
        limits = (suppression.score_threshold, suppression.iou_threshold, suppression.max_detections)
        detections = page["detections"](codes, raw_scores, anchors, *limits)  # type: ignore[operator]
        assert len(detections) == int(count)
        np.testing.assert_allclose([score for score, _, _ in detections], scores[: len(detections)], atol=1e-5)
        expected = {(int(class_), *box.round(3)) for class_, box in zip(classes, boxes, strict=True)}
        actual = {(class_, *box.astype(np.float32).round(3)) for _, class_, box in detections}
        # Of equal scores at the end of the list either may be left out.
        assert len(actual & expected) >= 0.9 * len(actual)
        compared += len(detections)
    assert compared > 10


def read_batch(records: Path, size: int) -> np.ndarray:
    return next(picture_batches(records, "test", size, 6).as_numpy_iterator())
