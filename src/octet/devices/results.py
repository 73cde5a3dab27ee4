"""reports/RECIPE/devices.json: what every runtime answered, written by `octet devices`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from octet.common.errors import UserError
from octet.common.files import write_json
from octet.devices.protocol import Status

FAILED: tuple[Status, ...] = ("wrong", "refused")


class Row(BaseModel):
    """One runtime with one file; what is not known is None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    runtime: str
    file: str  # the variant
    version: str | None = None
    arch: str
    kernels: str
    same_bytes: float | None = None
    max_steps: float | None = None
    score: float | None = None
    milliseconds: float | None = None
    memory: int | None = None
    status: Status
    why: str
    notes: tuple[str, ...] = ()


class Devices(BaseModel):
    """The whole file: `file` and `sha256` are those of uint8_raw, which rows without another file's name are about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str
    file: str
    sha256: str
    pictures: int
    metric: str
    files: Mapping[str, str]  # the SHA-256 of each variant that was tried
    runtimes: Mapping[str, Row]

    def after(self, earlier: "Devices") -> "Devices":
        """These rows and those of an earlier file beside them, if that is of the same files and pictures."""
        if (self.files, self.pictures) != (earlier.files, earlier.pictures):
            return self
        return self.model_copy(update={"runtimes": {**earlier.runtimes, **self.runtimes}})


def row_name(runtime: str, variant: str) -> str:
    """The name of a row: the runtime's alone where the file is uint8_raw."""
    return runtime if variant == "uint8_raw" else f"{runtime}/{variant}"


def write_devices(path: Path, devices: Devices) -> None:
    """Write the file, or leave it as it was."""
    write_json(path, devices.model_dump(mode="json"))


def read_devices(path: Path) -> Devices:
    """Read the file that `octet devices` wrote."""
    try:
        return Devices.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(f"{path}: {field}: {first['msg']}: run `octet devices` without --only") from None
