"""Pictures with what was found drawn in, for the page."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

# Distinct on photos and for most kinds of colour blindness (Okabe and Ito), as BGR.
_COLOURS = ((0, 159, 230), (233, 180, 86), (115, 158, 0), (66, 228, 240), (178, 114, 0), (0, 94, 213), (167, 121, 204))
_SCALE = 2


def draw_found(
    pictures: Iterable[tuple[str, bytes]], found: Sequence[Mapping[str, Any]], labels: Sequence[str], min_score: float
) -> list[str]:
    """Each picture, by id and JPEG bytes, with those of its detections that score enough, as a data URL."""
    return [
        _draw(jpeg, [of for of in found if of["image_id"] == id and of["score"] >= min_score], labels)
        for id, jpeg in pictures
    ]


def _draw(jpeg: bytes, detections: Iterable[Mapping[str, Any]], labels: Sequence[str]) -> str:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    picture = cv2.resize(picture, None, fx=_SCALE, fy=_SCALE, interpolation=cv2.INTER_CUBIC)
    for found in detections:
        colour = _COLOURS[(found["category_id"] - 1) % len(_COLOURS)]
        x, y, width, height = (round(side * _SCALE) for side in found["bbox"])
        cv2.rectangle(picture, (x, y), (x + width, y + height), colour, 2)
        caption = f"{labels[found['category_id'] - 1]} {found['score']:.2f}"
        (wide, high), _ = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
        top = max(y, high + 4)
        cv2.rectangle(picture, (x, top - high - 4), (x + wide + 2, top), colour, cv2.FILLED)
        cv2.putText(picture, caption, (x + 1, top - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    _, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    return "data:image/jpeg;base64," + base64.b64encode(content.tobytes()).decode()
