"""LiteRT.js in Chromium: what a page that runs the file on its visitors' processors answers."""

import json
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from octet.common.errors import UserError
from octet.common.files import atomic_folder
from octet.common.printing import printable
from octet.devices.process import SECONDS, started
from octet.devices.protocol import AbsentError, Answers, RefusedError, Trial
from octet.fetching.obtain import cache_folder, obtain
from octet.recipe.shared.dataset import File

_VERSION = "2.5.3"
_PACKAGES = {
    "core": File(
        name=f"core-{_VERSION}.tgz",
        bytes=11817097,
        sha256="a97660833e9e7e1063c95e12016718881240b14f7438728a2f62785e912d30fd",
        sources=(f"https://registry.npmjs.org/@litertjs/core/-/core-{_VERSION}.tgz",),
    ),
    "wasm-utils": File(
        name=f"wasm-utils-{_VERSION}.tgz",
        bytes=4698,
        sha256="ce2a1f8379c067be49e59752e5a7f40db6be09f6e497f0f11e59f17b515366a7",
        sources=(f"https://registry.npmjs.org/@litertjs/wasm-utils/-/wasm-utils-{_VERSION}.tgz",),
    ),
}
_PAGE = Path(__file__).parent / "page" / "run_litertjs.html"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_LARGEST = 2 << 30  # bytes of an output for all pictures


@dataclass(frozen=True)
class Browser:
    """LiteRT.js, compiled to WebAssembly, in a headless Chromium that talks to this machine alone."""

    name: str = "litert-js"
    arch: str = "WebAssembly, Chromium"
    kernels: str = "XNNPACK"
    variants: Sequence[str] = ("uint8_raw", "uint8")

    def run(self, trial: Trial) -> Answers:
        found = next(filter(None, map(shutil.which, _BROWSERS)), None)
        if not found:
            raise AbsentError("Chromium is not there: on Debian, `apt install chromium`")
        told = _Told()
        with _serve(trial, told) as address:
            profile = trial.scratch / "profile"
            flags = ["--headless=new", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}"]
            if os.getuid() == 0:  # as root it runs without a sandbox or not at all
                flags.append("--no-sandbox")
            with started([found, *flags, address], trial.scratch) as process:
                _wait(told, process.poll)
            shutil.rmtree(profile, ignore_errors=True)
        if told.failed is not None:
            raise RefusedError(printable(" ".join(told.failed.split()))[:300])
        return Answers(_VERSION, told.outputs(), milliseconds=told.facts["milliseconds"])


@dataclass
class _Told:
    """What the page has handed back so far."""

    contents: dict[int, bytes] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    failed: str | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def outputs(self) -> tuple[NDArray[Any], ...]:
        """The contents of each output, [N, ...]."""
        try:
            return tuple(
                np.frombuffer(self.contents[number], np.dtype(of["type"])).reshape([-1, *of["shape"][1:]])
                for number, of in enumerate(self.facts["outputs"])
            )
        except (LookupError, TypeError, ValueError) as error:
            raise RefusedError(f"the page's answers cannot be read: {error}") from None


def _wait(told: _Told, code: Any) -> None:
    """Wait until the page has ended, or the browser, or the time is over."""
    waited = 0
    while not told.ended.wait(1):
        waited += 1
        if code() is not None:
            raise RefusedError(f"the browser ended by itself, with code {code()}")
        if waited >= SECONDS:
            raise RefusedError(f"it gave no answer in {SECONDS} s")


@contextmanager
def _serve(trial: Trial, told: _Told) -> Iterator[str]:
    """Serve the page, the runtime, the file and the inputs; the address is this machine's alone."""
    handler = partial(_Handler, trial, told, directory=str(_runtime()))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, trial: Trial, told: _Told, *words: Any, **named: Any) -> None:
        self._trial, self._told = trial, told
        super().__init__(*words, **named)

    def do_GET(self) -> None:
        if self.path == "/":
            self._send(_PAGE.read_bytes(), "text/html")
        elif self.path == "/file.tflite":
            self._send(self._trial.file.read_bytes())
        elif self.path in ("/inputs", "/inputs.json"):
            inputs = np.load(self._trial.inputs)
            shape = [1, *inputs.shape[1:]]
            described = json.dumps({"type": str(inputs.dtype), "shape": shape, "pictures": len(inputs)})
            self._send(inputs.tobytes() if self.path == "/inputs" else described.encode())
        else:
            super().do_GET()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST:
            self.send_error(413)
            return
        content = self.rfile.read(length)
        self._send(b"")
        if self.path.startswith("/output/"):
            self._told.contents[int(self.path.rpartition("/")[2])] = content
            return
        if self.path == "/done":
            self._told.facts = json.loads(content)
        else:
            self._told.failed = content.decode(errors="replace")
        self._told.ended.set()

    def _send(self, content: bytes, kind: str = "application/octet-stream") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing: the table is what is printed."""


def _runtime() -> Path:
    """The folder of the runtime's packages, fetched from npm's registry and unpacked on first use."""
    folder = cache_folder() / f"litertjs-{_VERSION}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                with atomic_folder(folder) as partial:
                    for name, package in _PACKAGES.items():
                        obtain(package, partial / package.name)
                        _unpack(partial / package.name, partial / name)
                        (partial / package.name).unlink()
    except UserError as error:
        raise AbsentError(" ".join(str(error).split())) from None
    except OSError as error:
        raise AbsentError(f"LiteRT.js cannot be unpacked: {error}; OCTET_CACHE= names another folder for it") from None
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the files of an npm package, all of which lie in its folder `package`."""
    with tarfile.open(archive) as files:
        for member in files:
            if member.isfile() and (content := files.extractfile(member)):
                target = folder / Path(member.name).relative_to("package")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
