"""The runtime that runs a .tflite detector in a browser: MediaPipe Tasks Vision, one file from npm's registry."""

import tarfile
from pathlib import Path

from filelock import FileLock

from octet.common.files import atomic_folder
from octet.fetching.obtain import obtain
from octet.recipe.shared.dataset import File

_VERSION = "1.1.0"
_PACKAGE = File(
    name=f"tasks-vision-{_VERSION}.tgz",
    bytes=11967669,
    sha256="46fc3d3d13fa5de631915929d045be2f74bb32e909d7a5b3a322b28976f54165",
    sources=(f"https://registry.npmjs.org/@mediapipe/tasks-vision/-/tasks-vision-{_VERSION}.tgz",),
)
_BUNDLE, _WASM = "package/vision_bundle.mjs", "package/wasm/"


def obtain_runtime(scratch: Path) -> Path:
    """The folder under `scratch` that holds the runtime; it is downloaded and unpacked where it does not exist yet."""
    folder = scratch / f"tasks-vision-{_VERSION}"
    if folder.exists():
        return folder
    scratch.mkdir(parents=True, exist_ok=True)
    with FileLock(scratch / "lock"):
        if not folder.exists():  # another demo, for which this one waited, may have brought it
            package = scratch / _PACKAGE.name
            obtain(_PACKAGE, package)
            _unpack(package, folder)
    return folder


def _unpack(package: Path, folder: Path) -> None:
    with atomic_folder(folder) as partial, tarfile.open(package) as archive:
        for member in archive:
            if member.isfile() and (member.name == _BUNDLE or member.name.startswith(_WASM)):
                target = partial / Path(member.name).relative_to("package")
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]
