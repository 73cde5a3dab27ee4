"""What sets the commands apart that look at pictures."""

from dataclasses import dataclass

from octet.common.drawn_copies import CLASSIFIED, DETECTED


@dataclass(frozen=True)
class Kind:
    """One of these commands, by the task of the models that it runs."""

    task: str
    command: str
    model: str  # what people call such a model
    copy_ending: str  # of the names of drawn copies, before their suffix
    findings: str  # the key in JSON
    has_boxes: bool  # whether findings are of parts of a picture, of which there can be none


DETECTION = Kind("detection", "detect", "detector", DETECTED, "detections", has_boxes=True)
CLASSIFICATION = Kind("classification", "classify", "classifier", CLASSIFIED, "answers", has_boxes=False)
KINDS = (DETECTION, CLASSIFICATION)
