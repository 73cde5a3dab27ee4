"""The page's recipe for uint8_raw gives what the shipped file gives."""

import re
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from conftest import ROOT, Project, detection_recipe
from octet.data.reading.pictures import picture_batches
from octet.tflite.running.running import run_tflite


def test_the_pages_code_finds_what_the_shipped_file_finds(reproduced: Project) -> None:
    page: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "raw-heads.md").read_text(), re.DOTALL):
        exec(block, page)
    recipe = detection_recipe(reproduced.folder / "params.yaml")
    models = reproduced.folder / "models" / "quickstart"
    pictures = shown(reproduced.folder / "data" / "quickstart" / "records", recipe.model.input_size)
    interpreter = Interpreter(model_path=str(models / "tflite" / "uint8_raw.tflite"))
    interpreter.allocate_tensors()
    anchors, how = np.load(models / "tflite" / "anchors.npy"), recipe.model.suppression
    seen = 0
    for picture, boxes, classes, scores, count in zip(
        pictures, *next(run_tflite(models / "detector_uint8.tflite", [pictures])), strict=True
    ):
        codes, raw_scores = page["heads"](interpreter, picture)  # type: ignore[operator]
        limits = (how.score_threshold, how.iou_threshold, how.max_detections)
        found = page["detections"](codes, raw_scores, anchors, *limits)  # type: ignore[operator]
        assert len(found) == int(count)
        np.testing.assert_allclose([score for score, _, _ in found], scores[: len(found)], atol=1e-5)
        theirs = {(int(of), *box.round(3)) for of, box in zip(classes, boxes, strict=True)}
        ours = {(of, *box.astype(np.float32).round(3)) for _, of, box in found}
        # Of equal scores at the end of the list either may be left out.
        assert len(ours & theirs) >= 0.9 * len(ours)
        seen += len(found)
    assert seen > 10


def shown(records: Path, size: int) -> np.ndarray:
    return next(picture_batches(records, "test", size, 6).as_numpy_iterator())
