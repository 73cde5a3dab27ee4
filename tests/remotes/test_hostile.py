"""A remote, or a commit's dvc.lock, that is made to do harm: nothing is written but what the clone asked for."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from remotes.conftest import RECIPE, Clone
from remotes.stores import Folder

LADDER = f"models/{RECIPE}/tflite"
MODEL = f"models/{RECIPE}/detector_uint8.tflite"


def object_named(md5: str) -> str:
    return f"files/md5/{md5[:2]}/{md5[2:]}"


def put(store: Folder, content: bytes) -> str:
    """Put a file on the remote, and return its MD5."""
    md5 = hashlib.md5(content).hexdigest()
    store.write(object_named(md5), content)
    return md5


def edit_lock(clone: Clone, path: str, /, **fields: Any) -> None:
    """Change what dvc.lock says of an output; None takes a field away."""
    file = clone.folder / "dvc.lock"
    lock = yaml.safe_load(file.read_text())
    (out,) = (out for stage in lock["stages"].values() for out in stage["outs"] if out["path"] == path)
    for name, of in fields.items():
        out[name] = of
        if of is None:
            del out[name]
    file.write_text(yaml.safe_dump(lock, sort_keys=False))


def plant_listing(clone: Clone, store: Folder, listing: bytes, nfiles: int = 1, size: int = 100) -> str:
    """Let dvc.lock name a folder with this list of files, which the remote has; return the list's MD5."""
    md5 = hashlib.md5(listing).hexdigest() + ".dir"
    store.write(object_named(md5), listing)
    edit_lock(clone, LADDER, md5=md5, nfiles=nfiles, size=size)
    return md5


@pytest.mark.parametrize("relpath", ["../../../../evil", "../../../src/yaml.py"])
def test_a_list_that_climbs(relpath: str, clone: Clone, store: Folder) -> None:
    evil = put(store, b"print('evil')\n")
    listing = plant_listing(clone, store, json.dumps([{"md5": evil, "relpath": relpath}]).encode(), size=14)
    clone.fails("pull", LADDER, relpath)
    assert not os.path.lexists(clone.folder / LADDER / relpath)
    cached = {path.name for path in (clone.folder / ".dvc/cache").rglob("*")}
    assert not {evil[2:], listing[2:]} & cached  # DVC's own checkout takes what is there


@pytest.mark.parametrize("path", [MODEL, LADDER])
def test_a_file_that_is_larger_than_it_was(path: str, clone: Clone, store: Folder) -> None:
    """The remote sends no byte of it: a folder's list is held to its number of files."""
    lock = yaml.safe_load((clone.folder / "dvc.lock").read_text())
    (md5,) = (out["md5"] for stage in lock["stages"].values() for out in stage["outs"] if out["path"] == path)
    (store.root / object_named(md5)).chmod(0o644)
    os.truncate(store.root / object_named(md5), 1 << 26)
    clone.fails("pull", path, "is larger", "AGAIN=1")


@pytest.mark.parametrize("where", ["models", f"models/{RECIPE}", LADDER])
@pytest.mark.usefixtures("store")
def test_a_link_that_leads_out(where: str, clone: Clone, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = clone.folder / where
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    result = clone.remote("pull")
    assert (result.returncode, list(outside.iterdir())) == (1, [])
    assert f"{where} is a link" in result.stderr


@pytest.mark.usefixtures("store")
def test_a_dangling_link_in_place_of_a_file(clone: Clone, tmp_path: Path) -> None:
    link = clone.folder / MODEL
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "outside")
    result = clone.remote("pull")
    assert result.returncode == 1
    assert f"{MODEL} is a link" in result.stderr
    assert not (tmp_path / "outside").exists()


class Endless(BaseHTTPRequestHandler):
    """Says that every file has one byte, and sends others for ever."""

    sent: ClassVar[int] = 0

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(bytes(1 << 16))
                Endless.sent += 1 << 16

    def log_message(self, *_: object) -> None:
        pass


class Unmeasured(Endless):
    """Sends the files of a folder one after the other, and says of none how long it is."""

    folder: ClassVar[Path]
    turn: ClassVar = threading.Lock()

    def do_HEAD(self) -> None:
        file = self.folder / self.path.removeprefix("/store/")
        self.send_response(200 if file.is_file() else 404)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        file = self.folder / self.path.removeprefix("/store/")
        with self.turn, suppress(OSError):
            self.wfile.write(file.read_bytes())


class Html(Endless):
    """Answers everything with a page, as a proxy does that wants a password."""

    def do_GET(self) -> None:
        page = b"<html>Log in first</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_HEAD(self) -> None:
        self.do_GET()


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/store"
        finally:
            server.shutdown()


def test_a_server_that_sends_for_ever(clone: Clone) -> None:
    with serving(Endless) as url:
        clone.use({"url": url})
        clone.fails("pull", "damaged on the remote", "larger", url)
    assert Endless.sent < 1 << 30
    assert not [path for path in (clone.folder / ".dvc").rglob("*") if path.is_file() and path.stat().st_size > 1 << 20]


def test_a_server_that_says_of_no_file_how_long_it_is(
    clone: Clone, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of files that are large beside their list comes as from any other server."""
    files = [bytes([number]) * 300_000 for number in range(3)]
    listing = [{"md5": put(store, content), "relpath": f"{number}.bin"} for number, content in enumerate(files)]
    plant_listing(clone, store, json.dumps(listing).encode(), nfiles=3, size=sum(map(len, files)))
    monkeypatch.setattr(Unmeasured, "folder", store.root, raising=False)
    with serving(Unmeasured) as url:
        clone.use({"url": url})
        clone.pull()
    assert [(clone.folder / LADDER / f"{number}.bin").read_bytes() for number in range(3)] == files


def test_a_server_that_sends_more_than_the_folder_has_and_does_not_say_so(
    clone: Clone, store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file alone has no more bytes than the folder: they are broken off when all together have too many."""
    names = [put(store, bytes([number]) * 100_000) for number in range(30)]
    listing = [{"md5": md5, "relpath": f"{number}.bin"} for number, md5 in enumerate(names)]
    plant_listing(clone, store, json.dumps(listing).encode(), nfiles=30, size=3_000_000)
    for md5 in names:
        store.write(object_named(md5), bytes(2_900_000))
    monkeypatch.setattr(Unmeasured, "folder", store.root, raising=False)
    with serving(Unmeasured) as url:
        clone.use({"url": url})
        clone.fails("pull", "the remote's files together are larger than dvc.lock says", "models/")


def test_a_server_that_answers_with_a_page(clone: Clone) -> None:
    with serving(Html) as url:
        clone.use({"url": url})
        clone.fails("pull", "damaged on the remote", url)
