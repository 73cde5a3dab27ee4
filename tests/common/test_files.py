"""Outputs are complete or absent, whatever lay there before."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from octet.common.errors import UserError
from octet.common.files import atomic_folder, atomic_write, read_rows, sha256_of


def test_a_file_has_reached_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a power cut may leave the name without the content."""
    flushed: list[tuple[Path, bool]] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        fsync(descriptor)
        flushed.append((Path(f"/proc/self/fd/{descriptor}").readlink(), (tmp_path / "output").exists()))

    monkeypatch.setattr(os, "fsync", record)
    with atomic_write(tmp_path / "output") as partial:
        partial.write_text("new")
    assert flushed == [(partial, False), (tmp_path, True)]

    (tmp_path / "output").unlink()
    flushed.clear()
    with atomic_folder(tmp_path / "output") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("new")
    before = {path for path, exists in flushed if not exists}
    assert before == {folder, folder / "inner", folder / "inner" / "file"}
    assert flushed[-1] == (tmp_path, True)


def test_a_link_under_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("kept")
    (tmp_path / "output.partial").symlink_to(elsewhere)
    with atomic_write(tmp_path / "output") as partial:
        partial.write_text("new")
    assert (elsewhere.read_text(), (tmp_path / "output").read_text()) == ("kept", "new")
    assert not (tmp_path / "output").is_symlink()

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").touch()
    (tmp_path / "models.partial").symlink_to(tmp_path / "folder")
    with atomic_folder(tmp_path / "models") as folder:
        (folder / "new").touch()
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["new"]
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["kept"]


def test_a_folder_that_is_being_written_is_left_to_who_writes_it(tmp_path: Path) -> None:
    """Two containers in one clone may both run a stage: neither may end well over a mixture."""
    with atomic_folder(tmp_path / "output") as folder:
        (folder / "mine").touch()
        with (
            pytest.raises(UserError, match="output is being written by another process"),
            atomic_folder(tmp_path / "output"),
        ):
            pytest.fail("both write")
        assert (folder / "mine").exists()
    with atomic_folder(tmp_path / "output") as folder:
        (folder / "later").touch()
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["later"]


def test_what_a_kill_left_is_replaced(tmp_path: Path) -> None:
    """A kill while the new folder takes the place of the old one leaves either under another name."""
    for left in ("output.partial/old", "output.replaced/older"):
        (tmp_path / left).mkdir(parents=True)
    (tmp_path / "file.partial").write_text("half")
    with atomic_folder(tmp_path / "output") as folder:
        (folder / "new").touch()
    with atomic_write(tmp_path / "file") as partial:
        partial.write_text("whole")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["file", "output", "output/new"]
    assert (tmp_path / "file").read_text() == "whole"


def test_what_a_folder_replaces_is_gone_only_when_it_has_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To remove it may take a while, or fail halfway."""
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "old").touch()
    removed: list[list[str]] = []
    rmtree = shutil.rmtree

    def record(path: Path, **options: Any) -> None:
        removed.append(sorted(of.name for of in (tmp_path / "output").iterdir()))
        rmtree(path, **options)

    monkeypatch.setattr(shutil, "rmtree", record)
    with atomic_folder(tmp_path / "output") as folder:
        (folder / "new").touch()
    assert removed == [["new"]] * len(removed) and removed
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def test_a_table_is_in_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    """Python takes other encodings from the locale, where there is one."""
    program = (
        "from pathlib import Path; from octet.common.files import write_rows; "
        "write_rows(Path('t.csv'), ['class', 'step'], [['caf\\u00e9', 'float \\u2192 qat']])"
    )
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-X", "utf8=0", "-c", program], env=environment, cwd=tmp_path, check=True)
    assert read_rows(tmp_path / "t.csv", "score") == [{"class": "caf\u00e9", "step": "float \u2192 qat"}]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])  # none, and more than are read at a time
def test_the_hash_of_a_file_is_that_of_all_its_bytes(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()
