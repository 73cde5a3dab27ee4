"""The sections of a recipe that say where its pictures come from and how they are split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, model_validator

from octet.recipe.shared.types import Count, Section, Seed, Strings, require_strings

SetName = Annotated[str, Field(pattern=r"^[\w.-]+$")]


class File(Section):
    """A file to fetch: its sources, in the order in which they are tried, and its size and SHA-256, null if unknown."""

    name: Annotated[str, Field(pattern=r"^[^/\s\p{C}]+$")]
    bytes: Count | None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    sources: Strings


class PictureCounts(Section):
    """The number of pictures of each split."""

    train: Count
    val: Count
    test: Count


class DatasetSource(Section):
    """A place that pictures come from; each kind of source has a class."""

    @property
    def files(self) -> Sequence[File]:
        """The archives to download or copy, if the source consists of archives."""
        return ()

    @property
    def paths(self) -> Sequence[Path]:
        """The user's files and folders that are read in place, without a copy in the repository."""
        return ()


class Shapes(DatasetSource):
    """Pictures of shapes that the project renders itself."""

    kind: Literal["shapes"]
    seed: Seed
    side: Annotated[int, Field(ge=64, le=1024)]
    pictures: PictureCounts


class Voc(DatasetSource):
    """Tar archives in VOC's layout, the official ones or others."""

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
                raise ValueError(f"archive {name!r} has to be an uncompressed tar whose name ends in .tar")
        if len(set(names)) < len(names):
            raise ValueError(f"archives {names} contain a name twice")
        return self


class Folder(DatasetSource):
    """A folder with pictures and VOC's XML files, in subfolders with VOC's names unless the recipe gives others."""

    kind: Literal["folder"]
    path: Path = Field(strict=False)
    pictures: str = "JPEGImages"
    annotations: str = "Annotations"

    @property
    def paths(self) -> Sequence[Path]:
        return (self.path,)


class CocoSet(Section):
    """A file of COCO's instances, and the folder that its `file_name`s are relative to."""

    instances: Path = Field(strict=False)
    pictures: Path = Field(strict=False)


class Coco(DatasetSource):
    """Pictures with annotations in COCO's format; `sets` maps the names of image sets to their files."""

    kind: Literal["coco"]
    sets: Annotated[dict[SetName, CocoSet], Field(min_length=1)]

    @property
    def paths(self) -> Sequence[Path]:
        return [path for paths in self.sets.values() for path in (paths.instances, paths.pictures)]


class YoloSet(Section):
    """A folder of pictures, and the folder of their label files, which have the same relative paths."""

    pictures: Path = Field(strict=False)
    labels: Path = Field(strict=False)


class Yolo(DatasetSource):
    """Pictures with labels in YOLO's format; `sets` maps the names of image sets to their folders.

    `names` is the `data.yaml` or `classes.txt` that lists the classes.
    """

    kind: Literal["yolo"]
    names: Path = Field(strict=False)
    sets: Annotated[dict[SetName, YoloSet], Field(min_length=1)]

    @property
    def paths(self) -> Sequence[Path]:
        return [self.names, *(path for paths in self.sets.values() for path in (paths.pictures, paths.labels))]


def _share_or_image_sets(value: object) -> float | tuple[str, ...]:
    if isinstance(value, float) and 0 < value < 1:
        return value
    return require_strings(value, "a share of train between 0 and 1, or a list of image sets")


def _found_or_class_names(value: object) -> Literal["found"] | tuple[str, ...]:
    return "found" if value == "found" else require_strings(value, "a list of names, or the word found")


class Splits(Section):
    """The image sets, as FOLDER/NAME, of each split; val and test may instead be a share of the train pictures."""

    train: Strings
    val: Annotated[float | tuple[str, ...], PlainValidator(_share_or_image_sets)]
    test: Annotated[float | tuple[str, ...], PlainValidator(_share_or_image_sets)]

    @model_validator(mode="after")
    def _train_keeps_some(self) -> "Splits":
        held_out = sum(share for share in (self.val, self.test) if isinstance(share, float))
        if held_out >= 1:
            raise ValueError(f"val and test hold out {held_out:g} of train, which leaves nothing to train on")
        return self


class Dataset(Section):
    """Where the pictures come from, how they are split, and what happens to those with errors.

    Each task refines `source` to the kinds of sources that it can read.
    """

    source: DatasetSource
    pretrained: File | None
    splits: Splits
    classes: Annotated[Literal["found"] | tuple[str, ...], PlainValidator(_found_or_class_names)]
    on_bad: Literal["error", "skip"]
    shards: Annotated[int, Field(ge=1, le=1024)]

    @model_validator(mode="after")
    def _weights_are_hdf5(self) -> "Dataset":
        if self.pretrained and not self.pretrained.name.endswith(".h5"):  # another file would not be loaded
            raise ValueError(f"pretrained {self.pretrained.name!r} has to be an HDF5 file whose name ends in .h5")
        return self

    @model_validator(mode="after")
    def _classes_differ(self) -> "Dataset":
        if self.classes != "found" and len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes {list(self.classes)} contain a name twice")
        return self
