"""Where a recipe's pictures come from, and how they are split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, model_validator

from octet.recipe.shared.types import Count, Section, Seed, Strings, strings

SetName = Annotated[str, Field(pattern=r"^[\w.-]+$")]


class File(Section):
    """A file to fetch: where it may be found, in this order, and how to know it; null is not known yet."""

    name: Annotated[str, Field(pattern=r"^[^/\s]+$")]
    bytes: Count | None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    sources: Strings


class Pictures(Section):
    """How many pictures each split gets."""

    train: Count
    val: Count
    test: Count


class Source(Section):
    """Where pictures come from."""

    @property
    def files(self) -> Sequence[File]:
        """The archives to download or copy."""
        return ()

    @property
    def places(self) -> Sequence[Path]:
        """The files and folders of the user's own that are read where they lie."""
        return ()


class Shapes(Source):
    """A set that the project renders itself."""

    kind: Literal["shapes"]
    seed: Seed
    side: Annotated[int, Field(ge=64, le=1024)]
    pictures: Pictures


class Voc(Source):
    """Tars in VOC's layout, the official ones or others."""

    kind: Literal["voc"]
    archives: Annotated[tuple[File, ...], Field(strict=False, min_length=1)]

    @property
    def files(self) -> Sequence[File]:
        return self.archives

    @model_validator(mode="after")
    def _names_differ(self) -> "Voc":
        names = [archive.name for archive in self.archives]
        for name in names:
            if not name.endswith(".tar"):
                raise ValueError(f"archive {name!r} has to be a plain tar, with that ending")
        if len(set(names)) < len(names):
            raise ValueError(f"archives {names} name one twice")
        return self


class Folder(Source):
    """A folder with pictures and VOC's XML files, in folders of it that have VOC's names unless given."""

    kind: Literal["folder"]
    path: Path = Field(strict=False)
    pictures: str = "JPEGImages"
    annotations: str = "Annotations"

    @property
    def places(self) -> Sequence[Path]:
        return (self.path,)


class CocoSet(Section):
    """A file of COCO's instances, and the folder that its `file_name`s lie in."""

    instances: Path = Field(strict=False)
    pictures: Path = Field(strict=False)


class Coco(Source):
    """Pictures with annotations in COCO's format, as image sets by name."""

    kind: Literal["coco"]
    sets: Annotated[dict[SetName, CocoSet], Field(min_length=1)]

    @property
    def places(self) -> Sequence[Path]:
        return [path for paths in self.sets.values() for path in (paths.instances, paths.pictures)]


class YoloSet(Section):
    """A folder of pictures, and the folder of their label files, which have the same paths in it."""

    pictures: Path = Field(strict=False)
    labels: Path = Field(strict=False)


class Yolo(Source):
    """Pictures with labels in YOLO's format, as image sets by name; `names` is its `data.yaml` or `classes.txt`."""

    kind: Literal["yolo"]
    names: Path = Field(strict=False)
    sets: Annotated[dict[SetName, YoloSet], Field(min_length=1)]

    @property
    def places(self) -> Sequence[Path]:
        return [self.names, *(path for paths in self.sets.values() for path in (paths.pictures, paths.labels))]


def _share_or_image_sets(value: object) -> float | tuple[str, ...]:
    if isinstance(value, float) and 0 < value < 1:
        return value
    return strings(value, "a share of train between 0 and 1, or a list of image sets")


def _found_or_listed(value: object) -> Literal["found"] | tuple[str, ...]:
    return "found" if value == "found" else strings(value, "a list of names, or the word found")


class Splits(Section):
    """The image sets, as FOLDER/NAME, of each split; val and test may also be a share of train's."""

    train: Strings
    val: Annotated[float | tuple[str, ...], PlainValidator(_share_or_image_sets)]
    test: Annotated[float | tuple[str, ...], PlainValidator(_share_or_image_sets)]

    @model_validator(mode="after")
    def _train_keeps_some(self) -> "Splits":
        held_out = sum(of for of in (self.val, self.test) if isinstance(of, float))
        if held_out >= 1:
            raise ValueError(f"val and test hold out {held_out:g} of train, which leaves nothing to train on")
        return self


class Dataset(Section):
    """How the pictures are split, and what happens to those that are wrong; a task says which sources it can read."""

    source: Source
    pretrained: File | None
    splits: Splits
    classes: Annotated[Literal["found"] | tuple[str, ...], PlainValidator(_found_or_listed)]
    on_bad: Literal["error", "skip"]
    shards: Annotated[int, Field(ge=1, le=1024)]

    @model_validator(mode="after")
    def _classes_differ(self) -> "Dataset":
        if self.classes != "found" and len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes {list(self.classes)} name one twice")
        return self
