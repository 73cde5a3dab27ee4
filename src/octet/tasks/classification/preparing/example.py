"""Serializes a picture and its class as a record."""

import numpy as np

from octet.data.writing.records import serialize_example
from octet.sources.reading.picture import Size


def to_example(id: str, jpeg: bytes, size: Size, class_number: int) -> bytes:
    """The serialized record of a picture; its class is a number from 0 on, in the order of the class names."""
    width, height = size
    return serialize_example(
        {
            "id": id,
            "jpeg": jpeg,
            "width": np.array([width]),
            "height": np.array([height]),
            "class": np.array([class_number]),
        }
    )
