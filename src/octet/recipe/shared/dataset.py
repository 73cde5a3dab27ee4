"""The sections of a recipe that say where its pictures come from and how they are split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from octet.recipe.shared.types import Count, Section, Seed, Strings, require_strings


def _has_name(pattern: Path) -> Path:
    """Refuse a path without a last part that could name a file."""
    if not pattern.name:
        raise ValueError("expected the path of a file, in whose last part `*` stands for anything")
    return pattern


SetName = Annotated[str, Field(pattern=r"^[\w.-]+$")]
FilePattern = Annotated[Path, Field(strict=False), AfterValidator(_has_name)]
COMPRESSED_TAR = (".tgz", ".tar.gz")


def plain_tar_name(name: str) -> str:
    """Return the name that an archive has once it is not compressed any more."""
    for suffix in COMPRESSED_TAR:
        name = f"{name.removesuffix(suffix)}.tar" if name.endswith(suffix) else name
    return name


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


class Rendered(DatasetSource):
    """Pictures that the project renders itself; `side` is the longer one of a picture, in pixels."""

    seed: Seed
    side: Annotated[int, Field(ge=64, le=1024)]
    pictures: PictureCounts


class Shapes(Rendered):
    """Rendered pictures of several shapes each."""

    kind: Literal["shapes"]


class OneShape(Rendered):
    """Rendered pictures of one shape each, in a folder for each kind of shape."""

    kind: Literal["one_shape"]


class Archives(DatasetSource):
    """Archives that are downloaded or copied."""

    suffixes: ClassVar[tuple[str, ...]]  # of their names
    expected: ClassVar[str]

    archives: Annotated[tuple[File, ...], Field(strict=False, min_length=1)]

    @property
    def files(self) -> Sequence[File]:
        return self.archives

    @model_validator(mode="after")
    def _names_differ(self) -> "Archives":
        names = [archive.name for archive in self.archives]
        for name in names:
            if not name.endswith(self.suffixes):
                raise ValueError(f"archive {name!r} has to be {self.expected}")
        if len({plain_tar_name(name) for name in names}) < len(names):
            raise ValueError(f"archives {names} contain a name twice")
        return self


class Voc(Archives):
    """Tar archives in VOC's layout, the official ones or others."""

    suffixes = (".tar",)
    expected = "an uncompressed tar whose name ends in .tar"

    kind: Literal["voc"]


class ClassArchives(Archives):
    """Tar archives, plain or compressed by gzip, with a folder of pictures for each class."""

    suffixes = (".tar", *COMPRESSED_TAR)
    expected = "a tar, or one compressed by gzip, whose name ends in .tar, .tgz or .tar.gz"

    kind: Literal["class_archives"]


class ClassFolders(DatasetSource):
    """A folder with a folder of pictures for each class, or with such folders for each split."""

    kind: Literal["class_folders"]
    path: Path = Field(strict=False)

    @property
    def paths(self) -> Sequence[Path]:
        return (self.path,)


def _text_or_class_names(value: object) -> Literal["text"] | tuple[str, ...]:
    return "text" if value == "text" else require_strings(value, "the word text, or a list of names")


class TfRecords(DatasetSource):
    """TFRecords in the format of TensorFlow's image-classification builders.

    `sets` maps the names of image sets to the paths of their files, whose last part may be a pattern such as `train-*`.
    `labels` is the word text where records name their classes; otherwise it lists the names of the numbers from 0 on.
    """

    kind: Literal["tfrecords"]
    sets: Annotated[dict[SetName, FilePattern], Field(min_length=1)]
    labels: Annotated[Literal["text"] | tuple[str, ...], PlainValidator(_text_or_class_names)]

    @property
    def paths(self) -> Sequence[Path]:
        return [path for name in self.sets for path in self.files_of(name)]

    def files_of(self, name: str) -> Sequence[Path]:
        """The files of a set, sorted."""
        pattern = self.sets[name]
        return sorted(pattern.parent.glob(pattern.name))


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
