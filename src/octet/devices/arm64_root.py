"""A folder with an Arm 64 Python and LiteRT, which QEMU runs here: Debian's packages and PyPI's wheels, locked by hash.

It takes no rights but to write into the cache: packages are unpacked, and none of their scripts runs.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from octet.common.errors import UserError
from octet.common.printing import printable
from octet.devices.protocol import AbsentError
from octet.fetching.obtain import cache_folder, obtain
from octet.recipe.shared.dataset import File

WHEELS, DEBIAN = "arm64.txt", "arm64-debian.json"  # the locks, in the folder requirements
PYTHON = "3.11"  # of the Debian release that is locked
_PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64")


@dataclass(frozen=True)
class Cpu:
    """A processor as QEMU names it, and as Linux describes it: LiteRT reads both, and they have to agree."""

    name: str
    part: str
    features: str

    @property
    def cpuinfo(self) -> str:
        """What stands in /proc/cpuinfo on it."""
        return (
            f"processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {self.part}\nCPU revision\t: 3\n\n"
        )


_WITHOUT_DOT_PRODUCT = "fp asimd evtstrm crc32 cpuid"
CPUS = (
    Cpu("cortex-a53", "0xd03", _WITHOUT_DOT_PRODUCT),
    Cpu("cortex-a72", "0xd08", _WITHOUT_DOT_PRODUCT),
    Cpu(
        "cortex-a76",
        "0xd0b",
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
    ),
)


def obtain_root(requirements: Path) -> Path:
    """The folder of roots, one a processor and named like it; made on first use, and again when a lock changes."""
    locks = [requirements / DEBIAN, requirements / WHEELS]
    made_from = [*locks, Path(__file__)]
    key = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in made_from)).hexdigest()
    folder = cache_folder() / "arm64" / key[:16]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                _make(folder, *locks)
    except OSError as error:
        raise AbsentError(
            f"its Arm 64 root cannot be made: {error}; OCTET_CACHE= names another folder for it"
        ) from None
    except UserError as error:
        raise AbsentError(" ".join(str(error).split())) from None
    return folder


def _make(folder: Path, debian: Path, wheels: Path) -> None:
    """Make it beside its place, then move it there."""
    print("Making a root of Arm 64 packages (about a minute, once) ...", flush=True)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    base = partial / "base"
    base.mkdir(parents=True)
    try:
        for package in json.loads(debian.read_text()):
            archive = partial / package["name"]
            obtain(File.model_validate(package), archive)
            _run("dpkg-deb", "--extract", str(archive), str(base))
            archive.unlink()
        platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
        _run(
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
            *("--target", str(base / "wheels"), "--python-version", PYTHON, "--only-binary", ":all:", *platforms),
            *("--require-hashes", "--requirement", str(wheels)),
        )
        for cpu in CPUS:
            (partial / cpu.name / "proc").mkdir(parents=True)
            (partial / cpu.name / "proc" / "cpuinfo").write_text(cpu.cpuinfo)
            for part in base.iterdir():
                (partial / cpu.name / part.name).symlink_to(Path("..", "base", part.name))
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _run(*command: str) -> None:
    """Run a command that has to end well."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise AbsentError(f"{command[0]} cannot be started: {error.strerror}; on Debian, `apt install dpkg`") from None
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        reasons = [line for line in lines if line.startswith(("ERROR", "dpkg-deb: error"))] or lines[-1:] or [""]
        raise AbsentError(f"its Arm 64 root cannot be made: {printable(reasons[0])[:300]}")
