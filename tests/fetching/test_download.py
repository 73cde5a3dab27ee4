"""Whatever networks, servers, disks and ends in the middle do: a file is whole and verified, or it is said why not."""

import gzip
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import pytest

from helpers.making import make_set
from helpers.server import Answer, Asked, Server, dripping, endless, ranged, raw, reset, stalled, status, whole
from octet.common.errors import UserError
from octet.fetching.asking import Patience
from octet.fetching.kinds import require_tar, require_weights
from octet.fetching.obtain import Check, obtain
from octet.recipe.shared.dataset import File

CONTENT = random.Random(1).randbytes(300_000)
OTHER = bytes(len(CONTENT))
HALF = len(CONTENT) // 2
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NOWHERE = "http://nowhere.invalid/voc.tar"

ONE = """
import signal
import sys
from pathlib import Path
from octet.common.errors import report_user_errors
from octet.recipe.shared.dataset import File
from octet.fetching.obtain import obtain
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever a background job has inherited
with report_user_errors():
    obtain(File.model_validate_json(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SSL_CERT_FILE", "OCTET_IMAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OCTET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "archives" / "voc.tar"


needs_another_disk = pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system: /dev/shm")


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder on another file system than the cache."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def voc(*sources: str | Path, size: int | None = len(CONTENT), sha256: str | None = SHA256) -> File:
    return File(name="voc.tar", bytes=size, sha256=sha256, sources=tuple(map(str, sources)))


def get(file: File, target: Path, check: Check | None = None, **patience: float) -> None:
    obtain(file, target, check, Patience(**{"silence": 20, "wait": 0.001} | patience))  # type: ignore[arg-type]


def start(file: File, target: Path, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ONE, file.model_dump_json(), str(target)]
    path = os.pathsep.join(sys.path)
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path, **environment}, text=True, stdout=-1, stderr=subprocess.STDOUT
    )


def run(file: File, target: Path, **environment: str) -> tuple[int, str]:
    process = start(file, target, **environment)
    said, _ = process.communicate()
    return process.returncode, said


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def partial(cache: Path) -> Path:
    return cache / "files" / f"{SHA256}.partial"


def kept(cache: Path) -> list[str]:
    """What the cache holds of downloads, whole or in part."""
    return sorted(path.name for path in (cache / "files").iterdir() if path.suffix != ".lock")


def leave_partial(cache: Path, content: bytes) -> None:
    partial(cache).parent.mkdir(parents=True)
    partial(cache).write_bytes(content)


# --- what the cache gives ---------------------------------------------------------------------------------------------


def test_a_download_is_kept_once_and_then_needs_no_network(
    cache: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
        assert server.agents == {"octet"}
        assert server.ranges() == [None]
    assert target.read_bytes() == CONTENT
    assert target.samefile(cache / "files" / SHA256)  # not held twice
    assert not partial(cache).exists()
    assert "voc.tar: 300kB\n" in capsys.readouterr().out
    again = target.with_name("again.tar")
    get(voc(NOWHERE), again)
    assert again.read_bytes() == CONTENT
    assert sorted(path.name for path in target.parent.iterdir()) == ["again.tar", "voc.tar"]


def test_the_cache_lies_in_the_home_folder(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCTET_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
    assert (tmp_path / ".cache" / "octet" / "files" / SHA256).samefile(target)


@needs_another_disk
def test_where_no_link_is_possible_there_is_a_copy(cache: Path, elsewhere: Path) -> None:
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), elsewhere / "voc.tar")
    assert (elsewhere / "voc.tar").read_bytes() == CONTENT
    assert not (elsewhere / "voc.tar").samefile(cache / "files" / SHA256)
    assert [path.name for path in elsewhere.iterdir()] == ["voc.tar"]


@pytest.mark.parametrize("damaged", [OTHER, CONTENT[:HALF]], ids=["changed", "cut"])
def test_a_damaged_file_of_the_cache_is_named_and_downloaded_again(
    damaged: bytes, cache: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = cache / "files" / SHA256
    kept.parent.mkdir(parents=True)
    kept.write_bytes(damaged)
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
    assert target.read_bytes() == kept.read_bytes() == CONTENT
    assert f"{kept} is damaged" in capsys.readouterr().out


def test_a_damaged_file_is_dropped_even_if_nothing_replaces_it(cache: Path, target: Path) -> None:
    kept = cache / "files" / SHA256
    kept.parent.mkdir(parents=True)
    kept.write_bytes(OTHER)
    with pytest.raises(UserError):
        get(voc(NOWHERE), target)
    assert not kept.exists()


def test_what_is_cached_is_linked_even_if_the_first_source_is_a_path(tmp_path: Path, cache: Path, target: Path) -> None:
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
    get(voc(tmp_path / "missing"), target)
    assert target.samefile(cache / "files" / SHA256)
    assert not target.stat().st_mode & 0o222  # whoever changed it would change the cache
    assert [path.name for path in target.parent.iterdir()] == ["voc.tar"]


def test_what_a_killed_run_left_beside_the_target_is_replaced(cache: Path, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("voc.tar.partial").write_bytes(b"left")
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
    assert target.samefile(cache / "files" / SHA256)


def test_a_wrong_size_in_the_recipe_does_not_cost_the_cached_file(cache: Path, target: Path) -> None:
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
        with pytest.raises(UserError, match="has 300000 bytes, expected 5"):
            get(voc(server.url("voc"), size=5), target)
        assert len(server.asked) == 1
    assert (cache / "files" / SHA256).read_bytes() == CONTENT


def test_a_cache_that_cannot_be_used_is_named(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OCTET_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"Not a directory.*OCTET_CACHE="):
        get(voc(NOWHERE), target)


# --- what servers do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "ranges"),
    [
        ([ranged(CONTENT, HALF), ranged(CONTENT)], [None, f"bytes={HALF}-"]),
        ([ranged(CONTENT, HALF), whole(CONTENT)], [None, f"bytes={HALF}-"]),  # which begins anew
        ([ranged(CONTENT, HALF), status(416), whole(CONTENT)], [None, f"bytes={HALF}-", None]),
        (
            [
                ranged(CONTENT, HALF),
                lambda asked: asked.reply(206, b"x" * 10, Content_Range="bytes 5-14/300000"),
                whole(CONTENT),
            ],
            [None, f"bytes={HALF}-", None],
        ),
        ([status(503), status(503), whole(CONTENT)], [None] * 3),
        ([status(429, Retry_After="0"), status(408), whole(CONTENT)], [None] * 3),
        ([status(503, Retry_After="soon"), status(503, Retry_After="9" * 5000), whole(CONTENT)], [None] * 3),
        ([endless(503), whole(CONTENT)], [None] * 2),
        ([endless(302, Location="/voc"), whole(CONTENT)], [None] * 2),
        ([reset, whole(CONTENT)], [None] * 2),
        ([whole(CONTENT, Content_Length="")], [None]),
        ([whole(CONTENT, Content_Length="9" * 5000)], [None]),
        ([whole(CONTENT, Content_Length="-7")], [None]),
        ([whole(CONTENT, Content_Encoding="gzip")], [None]),  # which it is not, and what is would be kept as it came
        ([raw(b"nonsense\r\n"), whole(CONTENT)], [None] * 2),
        ([raw(CHUNKED + b"%x\r\n" % HALF + CONTENT[:HALF]), ranged(CONTENT)], [None, f"bytes={HALF}-"]),
    ],
    ids=[
        "drop",
        "no-range",
        "416",
        "other-range",
        "503",
        "429-408",
        "no-time",
        "endless",
        "endless-redirect",
        "reset",
        "no-length",
        "no-number",
        "negative",
        "no-gzip",
        "nonsense",
        "chunks",
    ],
)
def test_what_passes_is_borne(answers: list[Answer], ranges: list[str | None], target: Path) -> None:
    with Server(voc=answers) as server:
        get(voc(server.url("voc")), target)
        assert server.ranges() == ranges
    assert target.read_bytes() == CONTENT


def test_attempts_are_counted_anew_when_some_bytes_came(target: Path) -> None:
    tenths = [ranged(CONTENT, len(CONTENT) * part // 10) for part in range(1, 11)]
    with Server(voc=list(tenths)) as server:
        get(voc(server.url("voc")), target, attempts=2)
        assert len(server.asked) == 10
    assert target.read_bytes() == CONTENT


def test_a_server_that_gets_nowhere_is_left_and_the_next_goes_on(
    target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(bad=[ranged(CONTENT, HALF)], good=[ranged(CONTENT)]) as server:
        server.answers["/bad"].append(status(500))
        get(voc(server.url("bad"), server.url("good")), target)
        assert server.asked == [
            ("/bad", None),
            ("/bad", f"bytes={HALF}-"),
            ("/bad", f"bytes={HALF}-"),
            ("/good", f"bytes={HALF}-"),
        ]
    assert target.read_bytes() == CONTENT
    said = capsys.readouterr().out
    assert f"{server.url('bad')}: the line dropped after {HALF} of 300000 bytes; trying again in 0.001 s\n" in said
    assert f"{server.url('bad')}: 500 Internal Server Error; trying again in 0.002 s\n" in said
    assert f"{server.url('bad')}: 500 Internal Server Error (3 attempts)\n" in said


def test_a_server_may_say_how_long_to_wait(target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(voc=[status(503, Retry_After="1"), whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
    assert "503 Service Unavailable; trying again in 1 s\n" in capsys.readouterr().out


def test_a_server_that_falls_silent_is_asked_again(target: Path) -> None:
    released = threading.Event()
    with Server(voc=[stalled(CONTENT, HALF, released), ranged(CONTENT)]) as server:
        get(voc(server.url("voc")), target, silence=0.3)
        assert server.ranges() == [None, f"bytes={HALF}-"]
        released.set()
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (status(404), "404 Not Found"),
        (status(403), "403 Forbidden"),
        (status(410), "410 Gone"),
        (raw(b"HTTP/1.1 404 \x1b[31m" + b"x" * 60_000 + b"\r\n\r\n"), "404 [31m" + "x" * 192),
        (status(416), "416 Requested Range Not Satisfiable"),
        (status(429, Retry_After="3600"), "429 Too Many Requests, to be asked again in 3600 s"),
        (whole(CONTENT[:7]), "has 7 bytes, expected 300000"),
        (whole(CONTENT + b"more", Content_Length=""), "sent more than 300000 bytes"),
        (whole(OTHER), f"has SHA-256 {hashlib.sha256(OTHER).hexdigest()}, expected {SHA256}"),
        (status(302, Location="file:///etc/passwd"), "No connection adapters were found for 'file:///etc/passwd'"),
        (status(302, Location="data:,x"), "No connection adapters were found for 'data:,x'"),
    ],
)
def test_what_will_not_pass_is_left_at_once_and_said(
    bad: Answer, reason: str, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(bad=[bad], good=[ranged(CONTENT)]) as server:
        get(voc(server.url("bad"), server.url("good")), target)
        assert server.asked == [("/bad", None), ("/good", None)]
        assert f"{server.url('bad')}: {reason}\n" in capsys.readouterr().out
    assert target.read_bytes() == CONTENT


def test_redirects_in_a_circle_are_left(target: Path) -> None:
    with Server(voc=[status(302, Location="/voc")]) as server, pytest.raises(UserError, match="Exceeded 10 redirects"):
        get(voc(server.url("voc")), target)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"X: y\r\n" * 101, "got more than 100 headers"),
        (b"X: " + b"y" * 70_000, "got more than 65536 bytes when reading header line"),
        (b"Content-Length: 5, 7\r\n", "Content-Length contained multiple unmatching values (5, 7)"),
    ],
    ids=["flood", "long", "two lengths"],
)
def test_absurd_headers_are_left(header: bytes, reason: str, target: Path) -> None:
    with Server(voc=[raw(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n")]) as server:
        with pytest.raises(UserError) as error:
            get(voc(server.url("voc")), target)
        assert reason in str(error.value)
    assert not target.exists()


@pytest.mark.parametrize("sha256", [SHA256, None])
@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (CHUNKED, b"0"),
        (CHUNKED + b"0\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "size of a chunk", "headers after chunks", "header", "continue"],
)
def test_a_server_that_sends_too_little_is_left(
    start: bytes, drop: bytes, sha256: str | None, cache: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(bad=[dripping(start, drop)], good=[whole(CONTENT)]) as server:
        get(voc(server.url("bad"), server.url("good"), sha256=sha256), target, interval=0.5, least=1000)
        assert len(server.asked) == 2
    assert " bytes of the file in 0.5 s, expected at least 1000\n" in capsys.readouterr().out
    assert target.read_bytes() == CONTENT
    assert kept(cache) == [SHA256]


def test_a_server_that_sends_one_byte_more_each_time_is_left(target: Path) -> None:
    lengths = iter(range(HALF, len(CONTENT)))

    def one_more(asked: Asked) -> None:
        asked.reply(200, CONTENT[: next(lengths)], Content_Length=str(len(CONTENT)))

    with Server(voc=[one_more]) as server:
        with pytest.raises(UserError, match=r"sent \d+ bytes in all attempts, but never the whole file"):
            get(voc(server.url("voc"), sha256=None), target)
        assert len(server.asked) < 10


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_a_file_of_unknown_size_is_not_loaded_for_ever(sha256: str | None, cache: Path, target: Path) -> None:
    with Server(voc=[endless(200)]) as server:
        file = voc(server.url("voc"), size=None, sha256=sha256)
        with pytest.raises(UserError, match="sends more than 1000000 bytes; `bytes` in "):
            get(file, target, most=1_000_000)
        assert not kept(cache)
        server.answers["/voc"] = [status(200, Content_Length="8000000001")]
        with pytest.raises(UserError, match="has 8000000001 bytes, expected at most 8000000000; `bytes` in "):
            get(file, target)
        server.answers["/voc"] = [whole(CONTENT)]
        get(file.model_copy(update={"bytes": len(CONTENT)}), target, most=1000)
    assert target.read_bytes() == CONTENT


def test_a_wrong_length_is_not_loaded(cache: Path, target: Path) -> None:
    released = threading.Event()
    with Server(voc=[stalled(CONTENT + b"!", HALF, released)]) as server:
        with pytest.raises(UserError, match="has 300001 bytes, expected 300000"):
            get(voc(server.url("voc")), target)
        released.set()
    assert not partial(cache).exists()


def test_a_redirect_is_followed_with_the_range(cache: Path, target: Path) -> None:
    leave_partial(cache, CONTENT[:HALF])
    with Server(old=[status(302, Location="/new")], new=[ranged(CONTENT)]) as server:
        get(voc(server.url("old")), target)
        assert server.asked == [("/old", f"bytes={HALF}-"), ("/new", f"bytes={HALF}-")]
    assert target.read_bytes() == CONTENT


def test_parts_that_do_not_fit_are_got_once_more_from_the_start(cache: Path, target: Path) -> None:
    leave_partial(cache, OTHER[:HALF])
    with Server(voc=[ranged(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
        assert server.ranges() == [f"bytes={HALF}-", None]
    assert target.read_bytes() == CONTENT


def test_wrong_bytes_are_got_twice_at_most(cache: Path, target: Path) -> None:
    leave_partial(cache, CONTENT[:HALF])
    drop, rest = ranged(OTHER, HALF), ranged(OTHER)
    with Server(voc=[rest, drop, rest, drop, rest]) as server:  # always put together from parts
        with pytest.raises(UserError, match=f"expected {SHA256}"):
            get(voc(server.url("voc")), target)
        assert server.ranges() == [f"bytes={HALF}-", None, f"bytes={HALF}-"]
    assert not partial(cache).exists()
    assert not target.exists()


@pytest.mark.parametrize("left", [OTHER, CONTENT + b"more"], ids=["as long", "longer"])
def test_a_partial_file_with_nothing_to_add_is_begun_anew(left: bytes, cache: Path, target: Path) -> None:
    leave_partial(cache, left)
    with Server(voc=[ranged(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
        assert server.ranges() == [None]
    assert target.read_bytes() == CONTENT


def test_a_partial_file_that_is_whole_needs_no_network(cache: Path, target: Path) -> None:
    leave_partial(cache, CONTENT)
    get(voc(NOWHERE), target)
    assert target.read_bytes() == CONTENT


def test_when_no_source_is_left_each_is_named_with_its_reason(tmp_path: Path, target: Path) -> None:
    sources = [NOWHERE, "http://127.0.0.1:1/voc.tar", "http://[broken/voc.tar", "http://a b/", "s3://bucket/voc.tar"]
    missing = tmp_path / "missing.tar"
    with pytest.raises(UserError) as error:
        get(voc(*sources, missing, tmp_path), target)
    lines = str(error.value).splitlines()
    assert lines[0] == "no source gave voc.tar:"
    assert [line.split(": ")[0].strip() for line in lines[1:-1]] == [*sources, str(missing), str(tmp_path)]
    assert "not known" in lines[1] or "resolution" in lines[1]
    assert "refused (3 attempts)" in lines[2].replace("Connection ", "")
    assert "not a valid host" in lines[3]
    assert "invalid character" in lines[4]
    assert "attempts" not in lines[3] + lines[4]
    assert "file:///PATH" in lines[5]
    assert lines[6].endswith("No such file or directory")
    assert lines[7].endswith("Is a directory")
    assert "`sources` in params.yaml" in lines[8]


# --- files of the user's own ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_a_path_or_a_file_url_is_copied_and_not_cached(
    sha256: str | None, tmp_path: Path, cache: Path, target: Path
) -> None:
    own = tmp_path / "my own.tar"
    own.write_bytes(CONTENT)
    for source in (str(own), own.as_uri()):
        get(voc(tmp_path / "missing", source, sha256=sha256), target)
        assert target.read_bytes() == CONTENT
        assert not target.samefile(own)
        target.unlink()
    assert not cache.exists()


def test_a_wrong_file_of_the_users_own_is_not_taken(tmp_path: Path, target: Path) -> None:
    own = tmp_path / "own.tar"
    own.write_bytes(OTHER)
    with pytest.raises(UserError, match=f"{own}: has SHA-256 .*, expected {SHA256}"):
        get(voc(own), target)
    with pytest.raises(UserError, match=f"{own}: has 300000 bytes, expected 5"):
        get(voc(own, size=5, sha256=None), target)
    assert not target.exists()


def test_what_is_no_file_is_not_read(tmp_path: Path, target: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UserError, match=f"{source}: is a pipe or a device"):
            get(voc(source, size=None, sha256=None), target)
    assert not target.exists()


def test_the_container_says_how_it_may_see_more(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTET_IMAGE", "cpu")
    own = tmp_path / "own.tar"
    with pytest.raises(UserError, match=f"DOCKER_RUN_FLAGS='--volume {own}:{own}'"):
        get(voc(own), target)
    monkeypatch.chdir(tmp_path)  # what lies in the repository, it does see
    with pytest.raises(UserError) as error:
        get(voc("own.tar"), target)
    assert "DOCKER_RUN_FLAGS" not in str(error.value)


# --- what nobody gave a SHA-256 for -----------------------------------------------------------------------------------


def test_what_is_first_seen_is_told_and_held_to(cache: Path, target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(voc=[whole(CONTENT)]) as server:
        file = voc(server.url("voc"), size=None, sha256=None)
        get(file, target)
        assert f"first seen with SHA-256 {SHA256}; in params.yaml" in capsys.readouterr().out
        get(voc(NOWHERE, *file.sources, size=None, sha256=None), target)
        assert len(server.asked) == 1
        assert "first seen" not in capsys.readouterr().out
        (cache / "files" / SHA256).unlink()
        server.answers["/voc"] = [whole(OTHER)]
        with pytest.raises(UserError) as error:
            get(file, target)
        (note,) = (cache / "first-seen").iterdir()
        came = hashlib.sha256(OTHER).hexdigest()
        assert f"has SHA-256 {came}, expected {SHA256}, as first seen (delete {note} " in str(error.value)
        server.answers["/voc"] = [whole(CONTENT[:9])]
        with pytest.raises(UserError, match=f"has 9 bytes, expected 300000, as first seen .delete {note}"):
            get(file, target)
        note.unlink()
        get(file, target)
        assert target.read_bytes() == CONTENT[:9]


def test_without_a_sha256_nothing_is_put_together_from_parts(target: Path) -> None:
    with Server(voc=[ranged(OTHER, HALF), ranged(CONTENT)]) as server:
        get(voc(server.url("voc"), sha256=None), target)
        assert server.ranges() == [None, None]
    assert target.read_bytes() == CONTENT


def a_tar(folder: Path) -> bytes:
    return make_set(folder / "made.tar", "trainval", 2).read_bytes()


def weights(folder: Path) -> bytes:
    with h5py.File(folder / "made.h5", "w") as file:
        file["Conv1/kernel:0"] = [1.0, 2.0]
    return (folder / "made.h5").read_bytes()


Make = Callable[[Path], bytes]


@pytest.mark.parametrize("local", [False, True], ids=["download", "local"])
@pytest.mark.parametrize(("make", "check"), [(a_tar, require_tar), (weights, require_weights)])
@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda _: b"", "is empty, expected"),
        (lambda _: b"\n <!doctype html><p>Sorry", r"begins with b'\\n <!doctype html><p>Sorr', expected"),
        (lambda _: b'{"error": "gone"}', r"""begins with b'{"error": "gone"}', expected"""),
        (lambda _: bytes(20_480), r"begins with b'\\x00.*', expected"),
        (gzip.compress, r"begins with b.\\x1f\\x8b.*, expected"),
        (lambda content: content[: len(content) // 2], "is a tar archive that is cut off|truncated file"),
    ],
    ids=["empty", "page", "JSON", "zeros", "compressed", "cut"],
)
def test_another_kind_of_file_is_neither_kept_nor_noted(
    spoil: Callable[[bytes], bytes], found: str, make: Make, check: Check, local: bool, tmp_path: Path, target: Path
) -> None:
    content = make(tmp_path)
    own, cache = tmp_path / "own", tmp_path / "cache"
    with Server(voc=[whole(spoil(content), Content_Length=""), whole(content)]) as server:
        file = voc(own if local else server.url("voc"), size=None, sha256=None)
        own.write_bytes(spoil(content))
        with pytest.raises(UserError, match=found):
            get(file, target, check)
        assert not list(target.parent.iterdir())
        assert not (cache / "first-seen").exists()
        assert local or not kept(cache)
        own.write_bytes(content)
        get(file, target, check)
    assert target.read_bytes() == content


def test_another_kind_of_file_that_is_noted_already_is_not_taken(cache: Path, target: Path) -> None:
    with Server(voc=[whole(b"<html>")]) as server:
        file = voc(server.url("voc"), size=None, sha256=None)
        get(file, target)
        (note,) = (cache / "first-seen").iterdir()
        with pytest.raises(UserError, match=f"begins with b'<html>', .*, as first seen .delete {note}"):
            get(file, target, require_tar)


def test_a_note_that_is_broken_is_named(cache: Path, target: Path) -> None:
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc"), sha256=None), target)
        (note,) = (cache / "first-seen").iterdir()
        note.write_text("{")
        with pytest.raises(UserError, match=str(note)):
            get(voc(server.url("voc"), sha256=None), target)


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_links_and_pipes_in_the_cache_lead_nowhere_else(
    sha256: str | None, cache: Path, tmp_path: Path, target: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    with Server(voc=[whole(CONTENT)]) as server:
        file = voc(server.url("voc"), sha256=sha256)
        key = sha256 or hashlib.sha256(file.sources[0].encode()).hexdigest()
        note = cache / "first-seen" / f"{hashlib.sha256(file.sources[0].encode()).hexdigest()}.json"
        note.parent.mkdir(parents=True)
        os.mkfifo(note)
        (cache / "files").mkdir()
        for path in (cache / f"files/{key}.partial", note.with_name(f"{note.name}.partial")):
            path.symlink_to(other)
        get(file, target)
    assert target.read_bytes() == CONTENT
    assert not target.is_symlink()
    assert other.read_bytes() == b"precious"
    assert other.stat().st_mode & 0o200


@pytest.mark.parametrize("name", [SHA256, f"{SHA256}.partial"])
def test_a_pipe_in_the_cache_is_replaced(name: str, cache: Path, target: Path) -> None:
    (cache / "files").mkdir(parents=True)
    os.mkfifo(cache / "files" / name)
    with Server(voc=[whole(CONTENT)]) as server:
        get(voc(server.url("voc")), target)
    assert target.read_bytes() == CONTENT
    assert kept(cache) == [SHA256]


def test_a_link_for_a_lock_is_not_followed(cache: Path, tmp_path: Path, target: Path) -> None:
    (tmp_path / "other").write_bytes(b"precious")
    (cache / "files").mkdir(parents=True)
    (cache / "files" / f"{SHA256}.lock").symlink_to(tmp_path / "other")
    with Server(voc=[whole(CONTENT)]) as server, pytest.raises(UserError, match=f"{SHA256}.lock"):
        get(voc(server.url("voc")), target)
    assert (tmp_path / "other").read_bytes() == b"precious"


def test_a_cached_file_behind_a_link_is_taken_as_a_file(cache: Path, tmp_path: Path, target: Path) -> None:
    (tmp_path / "moved").write_bytes(CONTENT)
    (cache / "files").mkdir(parents=True)
    (cache / "files" / SHA256).symlink_to(tmp_path / "moved")
    get(voc(NOWHERE), target)
    assert target.read_bytes() == CONTENT
    assert not target.is_symlink()


# --- disks ------------------------------------------------------------------------------------------------------------


ROOM = r": [\d,.]+ MB are needed, [\d,.]+ MB are free: "


def more_than_fits(folder: Path) -> int:
    return 2 * shutil.disk_usage(folder).free + 1


def test_the_cache_must_have_room_before_anything_comes(cache: Path, tmp_path: Path, target: Path) -> None:
    size = str(more_than_fits(tmp_path))
    message = f"{cache}/files{ROOM}.*OCTET_CACHE="
    with Server(voc=[whole(CONTENT, Content_Length=size)]) as server, pytest.raises(UserError, match=message):
        get(voc(server.url("voc"), size=None), target, most=int(size))
    assert not partial(cache).exists()


@needs_another_disk
def test_the_targets_disk_must_have_room_before_anything_comes(elsewhere: Path) -> None:
    with Server(voc=[whole(CONTENT)]) as server:
        with pytest.raises(UserError, match=f"{elsewhere}{ROOM}"):
            get(voc(server.url("voc"), size=more_than_fits(elsewhere)), elsewhere / "voc.tar")
        assert not server.asked


@contextmanager
def only_bytes(number: int) -> Iterator[None]:
    """No file may grow beyond this, which for who writes is a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_there_must_be_room_for_a_copy(tmp_path: Path, target: Path) -> None:
    own = tmp_path / "own.tar"
    with own.open("wb") as sparse:
        sparse.truncate(more_than_fits(tmp_path))
    with only_bytes(HALF), pytest.raises(UserError, match=f"{target.parent}{ROOM}"):
        get(voc(own, size=None, sha256=None), target)
    assert not list(target.parent.iterdir())


def test_a_disk_that_fills_up_leaves_what_fits_and_the_next_run_goes_on(cache: Path, target: Path) -> None:
    with Server(voc=[ranged(CONTENT)]) as server:
        with only_bytes(HALF), pytest.raises(UserError, match=r"File too large.*OCTET_CACHE="):
            get(voc(server.url("voc")), target)
        assert partial(cache).read_bytes() == CONTENT[:HALF]
        get(voc(server.url("voc")), target)
        assert server.ranges() == [None, f"bytes={HALF}-"]
    assert target.read_bytes() == CONTENT


# --- processes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_an_end_in_the_middle_is_gone_on_from(end: signal.Signals, code: int, cache: Path, target: Path) -> None:
    released = threading.Event()
    with Server(voc=[stalled(CONTENT, HALF, released), ranged(CONTENT)]) as server:
        process = start(voc(server.url("voc")), target)
        until(lambda: partial(cache).exists() and partial(cache).stat().st_size)
        process.send_signal(end)
        process.communicate()
        assert process.returncode == code
        released.set()
        assert not target.exists()
        came = partial(cache).stat().st_size
        assert 0 < came <= HALF
        get(voc(server.url("voc")), target)
        assert server.ranges() == [None, f"bytes={came}-"]
    assert target.read_bytes() == CONTENT


def test_a_request_to_stop_leaves_nothing_that_could_not_be_gone_on_from(cache: Path, target: Path) -> None:
    with Server(voc=[endless(200)]) as server:
        process = start(voc(server.url("voc"), size=None, sha256=None), target)
        until(lambda: (cache / "files").exists() and kept(cache))
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate()
    assert process.returncode == 130, said
    assert not kept(cache)
    assert not (cache / "first-seen").exists()


def test_of_two_processes_one_downloads_and_the_other_waits_for_it(target: Path) -> None:
    released = threading.Event()
    with Server(voc=[stalled(CONTENT, HALF, released)]) as server:
        first = start(voc(server.url("voc")), target)
        until(lambda: server.asked)
        second = start(voc(server.url("voc")), target.with_name("second.tar"))
        assert second.stdout
        assert "waiting for another process" in second.stdout.readline()
        released.set()
        for process in (first, second):
            said, _ = process.communicate()
            assert process.returncode == 0, said
        assert len(server.asked) == 1
    assert target.read_bytes() == target.with_name("second.tar").read_bytes() == CONTENT


def test_a_proxy_is_used(target: Path) -> None:
    with Server(voc=[whole(CONTENT)]) as proxy:
        url = "http://pictures.invalid/voc"  # which no one but the proxy knows
        assert run(voc(url), target, http_proxy=proxy.url("")[:-1])[0] == 0
        assert proxy.asked == [(url, None)]
    assert target.read_bytes() == CONTENT


def test_a_certificate_is_trusted_where_ssl_cert_file_names_it(tmp_path: Path, target: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    with Server(voc=[whole(CONTENT)]) as server:
        server.speak_tls(certificate, key)
        file = voc(server.url("voc", "localhost"))
        code, said = run(file, target)
        assert code == 1
        assert "certificate verify failed" in said
        assert "SSL_CERT_FILE=" in said
        assert "Traceback" not in said
        code, said = run(file, target, SSL_CERT_FILE=str(certificate))
        assert code == 0, said
    assert target.read_bytes() == CONTENT
