"""Where the root for Arm 64 cannot be made, the reason comes back; the real one is made by `make test-others`."""

import json
import resource
import shutil
from pathlib import Path

import pytest

from conftest import ROOT
from octet.devices.arm64_root import CPUS, DEBIAN, WHEELS, obtain_root
from octet.devices.litert_arm64 import emulated_python
from octet.devices.protocol import AbsentError
from octet.recipe.shared.dataset import File

NOWHERE = "http://127.0.0.1:1/package.deb"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OCTET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    """Locks that name one package, which is there."""
    package = tmp_path / "package.deb"
    package.write_bytes(b"no package")
    write(tmp_path, source=str(package))
    (tmp_path / WHEELS).write_text("")
    return tmp_path


def write(folder: Path, **changes: object) -> None:
    package = {"name": "package.deb", "bytes": 10, "sha256": None, "sources": [changes.pop("source")], **changes}
    (folder / DEBIAN).write_text(json.dumps([package]))


def test_the_locks_are_complete() -> None:
    packages = [File.model_validate(package) for package in json.loads((ROOT / "requirements" / DEBIAN).read_text())]
    assert all(package.sha256 and package.bytes and len(package.sources) == 2 for package in packages)
    assert {"libc6", "python3.11-minimal"} <= {package.name.partition("_")[0] for package in packages}
    assert "ai-edge-litert==" in (ROOT / "requirements" / WHEELS).read_text()


def test_the_pipeline_and_the_root_have_the_same_runtime() -> None:
    def version(lock: str) -> str:
        lines = (ROOT / "requirements" / lock).read_text().splitlines()
        return next(line for line in lines if line.startswith("ai-edge-litert=="))

    assert version(WHEELS) == version("runtime.txt")


def test_no_network(locks: Path) -> None:
    write(locks, source=NOWHERE)
    with pytest.raises(AbsentError, match=r"no source gave package.deb: .*Connection refused"):
        obtain_root(locks)


def test_a_package_that_is_not_the_locked_one(locks: Path) -> None:
    write(locks, source=str(locks / "package.deb"), sha256="0" * 64)
    with pytest.raises(AbsentError, match=r"has SHA-256 \w+, expected 0000"):
        obtain_root(locks)


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is Debian's")
def test_what_is_no_package_leaves_nothing_behind(locks: Path, cache: Path) -> None:
    with pytest.raises(AbsentError, match="root cannot be made: dpkg-deb: error: "):
        obtain_root(locks)
    assert [path for path in (cache / "arm64").iterdir() if path.suffix != ".lock"] == []


def test_a_system_without_debians_tools(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AbsentError, match=r"dpkg-deb cannot be started: .*apt install dpkg"):
        obtain_root(locks)


def test_a_full_disk_in_the_cache(locks: Path) -> None:
    """No file may grow, which for who writes is a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, hard))
    try:
        with pytest.raises(AbsentError, match="OCTET_CACHE= names another folder"):
            obtain_root(locks)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_qemu_the_row_says_what_to_install_and_nothing_is_fetched(
    locks: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AbsentError, match="apt install qemu-user-static"):
        emulated_python(CPUS[0], locks)
    assert not cache.exists()


def test_only_the_processor_with_dot_products_says_so() -> None:
    assert {cpu.name: "asimddp" in cpu.cpuinfo for cpu in CPUS} == {
        "cortex-a53": False,
        "cortex-a72": False,
        "cortex-a76": True,
    }
