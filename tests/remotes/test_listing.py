"""Lists of a folder's files, and dvc.lock itself, are refused where no run makes such a one."""

import json
from pathlib import Path
from typing import Any

import pytest

from octet.commands.sharing.listing import BYTES_PER_FILE, read_listing
from octet.commands.sharing.lock import locked_repo, outputs_of_recipe
from octet.common.errors import UserError
from remotes.conftest import RECIPE, Clone
from remotes.test_hostile import LADDER, MODEL, edit_lock

MD5 = "0123456789abcdef" * 2


def read(folder: Path, content: bytes, nfiles: int) -> dict[str, str]:
    file = folder / "list"
    file.write_bytes(content)
    return read_listing(file, "models/it", nfiles)


def entries(*paths: Any) -> bytes:
    return json.dumps([{"md5": MD5, "relpath": path} for path in paths]).encode()


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a/b.c",
        "..a",
        "a..",
        ".a/...",
        "a b",
        "ü/漢字",
        "x" * 250,
        "/".join(["x" * 99] * 10),
        "c",
        "cc:d",
        ".gitignore",
    ],
)
def test_a_path_in_the_folder(path: str, tmp_path: Path) -> None:
    content = entries(path)
    assert len(content) <= BYTES_PER_FILE
    assert read(tmp_path, content, 1) == {path: MD5}


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "..", "/", "/etc/passwd", "a/../../b", "a//b", "a/", "./a", "a/.", "../../../../evil"),
        *("a\\b", "..\\b", "a\0b", "C:", "c:x", "a/C:/b", ".git/config", "a/.GIT/hooks/x", ".dvc/config"),
        *("a\nb", "a\u202eb", "a\x1b[2Jb", "\ud800", "x" * 256, "ü" * 128, "/".join(["x" * 99] * 11)),
    ],
)
def test_a_path_that_leads_elsewhere_or_cannot_be_shown(path: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which is no path in that folder") as error:
        read(tmp_path, entries(path), 1)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no JSON list"),
        (b"<html></html>", "no JSON list"),
        (b"{}", "no JSON list"),
        (b"[" * 100_000, "no JSON list"),
        (b"\xff\xfe[\0]\0", "no JSON list"),
        (b'["a"]', "no JSON list"),
        (b'[{"md5": 1, "relpath": "a"}]', "no JSON list"),
        (b'[{"md5": "", "relpath": ["a"]}]', "no JSON list"),
        (b'[{"relpath": "a"}]', "no JSON list"),
        (b'[{"md5": "%s", "relpath": "a", "isdir": true}]' % MD5.encode(), "no JSON list"),
        (b'[{"md5": "../../x", "relpath": "a"}]', "expected 32 hexadecimal digits"),
        (b'[{"md5": "%s.dir", "relpath": "a"}]' % MD5.encode(), "expected 32 hexadecimal digits"),
        (b'[{"md5": "%s\\n", "relpath": "a"}]' % MD5.encode(), "expected 32 hexadecimal digits"),
        (entries("a", "b", "a"), "names a file twice"),
        (entries("a/b/c", "a/b"), "has a/b as a file and as a folder"),
        (entries("a", "b"), "has 2 files, but dvc.lock says 1"),
        (entries(), "has 0 files, but dvc.lock says 1"),
    ],
)
def test_what_is_no_list_of_files(content: bytes, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=problem) as error:
        read(tmp_path, content, 1)
    assert str(error.value).startswith("dvc.lock: models/it: ")
    assert str(error.value).isprintable()


def test_a_folder_of_many_files(tmp_path: Path) -> None:
    paths = [f"{number:05}.jpg" for number in range(10_000)]
    assert list(read(tmp_path, entries(*paths), 10_000)) == paths


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (MODEL, {"md5": "../../../../x"}),
        (MODEL, {"md5": "abc"}),
        (MODEL, {"md5": 7}),
        (MODEL, {"md5": ["a"]}),
        (MODEL, {"md5": None}),
        (MODEL, {"md5": ""}),
        (MODEL, {"hash": None}),
        (MODEL, {"hash": "sha256"}),
        (MODEL, {"hash": "x", "x": "y"}),
        (MODEL, {"size": None}),
        (MODEL, {"size": -1}),
        (MODEL, {"size": True}),
        (MODEL, {"size": "12"}),
        (MODEL, {"nfiles": 1}),
        (MODEL, {"md5": MD5 + ".dir"}),
        (MODEL, {"path": f"models/{RECIPE}/../../x"}),
        (MODEL, {"path": ["a"]}),
        (MODEL, {"cloud": {"store": {"md5": MD5, "version_id": "1"}}}),
        (LADDER, {"nfiles": None}),
        (LADDER, {"nfiles": -1}),
        (LADDER, {"nfiles": 1_000_000}),
        (LADDER, {"md5": MD5}),
        (LADDER, {"files": [{"relpath": "../../../../evil", "md5": MD5, "size": 1}]}),
    ],
    ids=str,
)
def test_nonsense_in_the_lock(path: str, fields: dict[str, Any], clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    edit_lock(clone, path, **fields)
    monkeypatch.chdir(clone.folder)
    with pytest.raises(UserError, match=r"dvc\.lock") as error, locked_repo() as repo:
        outputs_of_recipe(repo, RECIPE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "stages: 1\n", "schema: '2.0'\nstages: []\n", "a: [\n", "\x00", "{a: *b}"])
def test_a_lock_that_is_none(text: str, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    (clone.folder / "dvc.lock").write_text(text)
    monkeypatch.chdir(clone.folder)
    with pytest.raises(UserError, match=r"dvc\.lock") as error, locked_repo() as repo:
        outputs_of_recipe(repo, RECIPE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "place", ["src/yaml.py", "../outside", "/tmp/outside", "models", "models/other/x", f"models/{RECIPE}/../../src/x"]
)
def test_an_output_elsewhere(place: str, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dvc.yaml", "dvc.lock"):
        file = clone.folder / name
        file.write_text(
            file.read_text().replace("models/${key}/labels.txt", place).replace(f"models/{RECIPE}/labels.txt", place)
        )
    monkeypatch.chdir(clone.folder)
    with pytest.raises(UserError) as error, locked_repo() as repo:
        outputs_of_recipe(repo, RECIPE)
    assert place.split("/")[-1] in str(error.value)
    assert "\n" not in str(error.value)
