"""The outputs of a detector's files, as TFLite's metadata describes them."""

from octet.tflite.files.metadata import OutputsMetadata, label_files, number_tensor

_BOUNDARIES, _RATIO, _AXIS, _VALUES = 1, 0, 2, 3

_EACH_DETECTION = {"range": {"min": 2, "max": 2}}  # the axis of the tensor along which the detections lie
_TENSORS = (
    {
        "name": "location",
        "description": "ymin, xmin, ymax, xmax as shares of the picture's sides.",
        "content": {
            "content_properties": {
                "BoundingBoxProperties": {
                    "index": [1, 0, 3, 2],  # the positions of left, top, right and bottom
                    "type": _BOUNDARIES,
                    "coordinate_type": _RATIO,
                }
            },
            **_EACH_DETECTION,
        },
    },
    number_tensor(
        "category",
        "The number of the class, from 0, a line of the labels.",
        content=_EACH_DETECTION,
        associated_files=label_files(_VALUES),
    ),
    number_tensor("score", "How sure the detector is, best first.", content=_EACH_DETECTION),
    number_tensor("number of detections", "How many of the above are meant."),
)
_RAW = (
    number_tensor("box codes", "Of each cell; anchors.npy has their centres and sizes."),
    number_tensor(
        "class scores",
        "Of each cell and class.",
        associated_files=label_files(_AXIS),
    ),
)

DETECTIONS = OutputsMetadata(
    _TENSORS, [{"name": "detection_result", "tensor_names": [str(tensor["name"]) for tensor in _TENSORS[:3]]}]
)
HEADS = OutputsMetadata(_RAW)
