"""`make outdated` with a real make and a real uv, against a package index on this machine."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from conftest import ROOT


class Handler(SimpleHTTPRequestHandler):
    """A folder's listing is what an index has to say of a package."""

    def log_message(self, *_: object) -> None:
        pass


class Workshop:
    """A project whose locks were made from an index that it can add releases to."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("src", "tools"):
            (folder / name).symlink_to(ROOT / name)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "requirements").mkdir()
        for file in (ROOT / "requirements").glob("*.in"):  # `make lock` wants them all
            (folder / "requirements" / file.name).write_text("gamma\n")
        (folder / "requirements" / "runtime.in").write_text("alpha==1.*\nbeta\n")

    def release(self, name: str, version: str, tag: str = "py3", requires: str = "") -> None:
        """Add a wheel to the index."""
        wheel = self.folder / "simple" / name / f"{name}-{version}-{tag}-none-any.whl"
        wheel.parent.mkdir(parents=True, exist_ok=True)
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{info}/METADATA", metadata + (f"Requires-Dist: {requires}\n" if requires else ""))
            archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}-none-any\n")
            archive.writestr(f"{info}/RECORD", "")

    def make(self, target: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "MAKEFLAGS": "",
            "UV_DEFAULT_INDEX": url or f"{self.url}/simple",
            "UV_CACHE_DIR": str(self.folder / "cache"),
            "UV_HTTP_RETRIES": "0",
        }
        return subprocess.run(
            ["make", "--old-file=.venv/dev", target],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Workshop(tmp_path, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def locked(workshop: Workshop) -> Workshop:
    """Locked while each package had one release; beta wants a delta that is not too new."""
    workshop.release("alpha", "1.0")
    workshop.release("beta", "1.0", requires="delta<2")
    workshop.release("gamma", "1.0")
    workshop.release("delta", "1.0")
    result = workshop.make("lock")
    assert result.returncode == 0, result.stderr
    return workshop


def test_all_is_as_new_as_it_can_be(locked: Workshop) -> None:
    result = locked.make("outdated")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Direct requirements with a newer release:",
        "  none",
        "",
        "Locking again now would change:",
        "  nothing",
        "",
    ]


def test_newer_releases_are_told_and_so_is_what_a_lock_would_take(locked: Workshop) -> None:
    locks = {file: file.read_bytes() for file in (locked.folder / "requirements").iterdir()}
    locked.release("alpha", "1.1")
    locked.release("alpha", "2.0")
    locked.release("delta", "1.1")
    locked.release("delta", "2.0")
    locked.release("beta", "1.0", tag="py2.py3", requires="delta<2")
    result = locked.make("outdated")
    assert result.returncode == 0, result.stderr
    newer, change = result.stdout.split("Locking again now would change:")
    assert newer.splitlines()[1:] == ["  alpha  1.0 -> 2.0  (alpha==1.* in requirements/runtime.in)", ""]
    assert change.splitlines()[1:] == [
        "  runtime.txt: alpha  1.0 -> 1.1",
        "  runtime.txt: beta  1.0, with other files",
        "  runtime.txt: delta  1.0 -> 1.1",
        "",
    ]
    assert {file: file.read_bytes() for file in (locked.folder / "requirements").iterdir()} == locks


def test_packages_that_come_and_go_are_told(locked: Workshop) -> None:
    locked.release("beta", "1.1", requires="epsilon")
    locked.release("epsilon", "3.0")
    (locked.folder / "requirements" / "runtime.in").write_text("alpha==1.*\nbeta\nzeta\n")
    locked.release("zeta", "1.0")
    result = locked.make("outdated")
    assert result.returncode == 0, result.stderr
    for line in (
        "  zeta  is in no lock yet  (zeta in requirements/runtime.in)",
        "  runtime.txt: delta  1.0 -> (gone)",
        "  runtime.txt: epsilon  (not there) -> 3.0",
    ):
        assert line in result.stdout.splitlines()


def test_no_index_is_said_and_is_not_nothing(locked: Workshop) -> None:
    shutil.rmtree(locked.folder / "cache")
    result = locked.make("outdated", url="http://127.0.0.1:9/simple")
    assert result.returncode == 0
    assert result.stdout.count("NOT KNOWN") == 2
    assert "http://127.0.0.1:9/simple/alpha/" in result.stdout
    assert "none" not in result.stdout
    assert "nothing" not in result.stdout
