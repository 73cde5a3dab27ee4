"""The sections of a recipe that trains a classifier."""

from typing import Annotated

from pydantic import Field

from octet.recipe.shared import dataset
from octet.recipe.shared.dataset import ClassArchives, ClassFolders, OneShape, TfRecords


class Dataset(dataset.Dataset):
    """A data set of pictures of one class each."""

    source: Annotated[OneShape | ClassFolders | ClassArchives | TfRecords, Field(discriminator="kind")]
