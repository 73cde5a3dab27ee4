"""Records of small pictures with as many objects as a test wants."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from octet.data.writing.records import write_class_names, write_split
from octet.sources.packing import shapes
from octet.tasks.detection.preparing.example import to_example


def write_detector_records(
    folder: Path,
    objects: Sequence[int],
    classes: Sequence[str] = shapes.CLASSES,
    splits: Iterable[str] = ("train",),
) -> Path:
    """Write records of pictures with so many objects of the first class, of which every second is `difficult`."""
    folder.mkdir(parents=True)
    examples = []
    for number, count in enumerate(objects):
        jpeg, annotation = shapes.render_picture(5, 96, f"{number:06d}")
        first = replace(annotation.objects[0], name=classes[0])
        listed = tuple(replace(first, difficult=bool(index % 2)) for index in range(count))
        examples.append(to_example(replace(annotation, objects=listed), jpeg, classes))
    for split in splits:
        write_split(folder, split, 1, examples)
    write_class_names(folder, classes)
    return folder
