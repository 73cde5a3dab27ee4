"""Serializes a picture and the boxes in it as a record."""

from collections.abc import Sequence

import numpy as np

from octet.data.writing.records import serialize_example
from octet.sources.voc.annotation import Annotation


def to_example(annotation: Annotation, jpeg: bytes, classes: Sequence[str]) -> bytes:
    """The serialized record of a picture.

    Its boxes [G, 4] are corners [ymin, xmin, ymax, xmax] as shares of the picture's sides.
    """
    index = {name: number for number, name in enumerate(classes)}
    objects = annotation.objects
    # VOC counts pixels from 1 and both ends belong to the box: in continuous coordinates it starts one earlier.
    boxes = np.array([object_.box for object_ in objects], np.float64).reshape(-1, 4) - (1, 1, 0, 0)
    boxes = boxes[:, [1, 0, 3, 2]] / np.tile([annotation.height, annotation.width], 2)
    return serialize_example(
        {
            "id": annotation.id,
            "jpeg": jpeg,
            "width": np.array([annotation.width]),
            "height": np.array([annotation.height]),
            "boxes": boxes.clip(0, 1),
            "classes": np.array([index[object_.name] for object_ in objects], np.int64),
            "difficult": np.array([object_.difficult for object_ in objects], np.int64),
            "truncated": np.array([object_.truncated for object_ in objects], np.int64),
        }
    )
