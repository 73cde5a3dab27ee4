"""A compressed archive becomes a plain one when it is fetched, unless it is damaged or grows beyond all measure."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from octet.common.errors import UserError
from octet.fetching.asking import OtherFileError
from octet.fetching.kinds import archive_check
from octet.recipe.shared.dataset import ClassArchives
from octet.sources.packing.pack import pack_source


def a_tar(size: int = 4) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        member = tarfile.TarInfo("set/cat/1.jpg")
        member.size = size
        tar.addfile(member, io.BytesIO(bytes(size)))
    return file.getvalue()


def source(*names: str) -> ClassArchives:
    archives = [{"name": name, "bytes": None, "sha256": None, "sources": ["x"]} for name in names]
    return ClassArchives.model_validate({"kind": "class_archives", "archives": archives})


@pytest.mark.parametrize("name", ["a.tgz", "a.tar.gz"])
def test_it_is_replaced_by_the_tar_in_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(a_tar()))
    (tmp_path / "b.tar").write_bytes(a_tar())
    archive_check(name)(tmp_path / name)
    pack_source(source(name, "b.tar"), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.tar": a_tar(), "b.tar": a_tar()}


BOMB = gzip.compress(a_tar(1 << 27))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty, expected a tar archive that is compressed"),
        (b"<html>", r"is no complete gzip file .*begins with b'<html>'"),
        (gzip.compress(a_tar())[:-12], "is no complete gzip file"),
        (gzip.compress(a_tar())[:-6] + bytes(6), "is no complete gzip file"),
        (BOMB, r"has more than 67,108,864 bytes when decompressed"),
        (gzip.compress(b"text" * 500), "expected a tar archive that is compressed"),
    ],
    ids=["empty", "page", "cut", "damaged", "bomb", "no tar"],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(content)
    with pytest.raises(OtherFileError, match=found):
        archive_check(path.name)(path)


@pytest.mark.parametrize("content", [gzip.compress(a_tar())[:-12], BOMB], ids=["cut", "bomb"])
def test_what_is_refused_leaves_nothing_behind(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tgz").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.tgz: "):
        pack_source(source("a.tgz"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tgz"]


@pytest.mark.parametrize(("names", "found"), [(["a.zip"], r"\.tgz or \.tar\.gz"), (["a.tgz", "a.tar"], "name twice")])
def test_names_that_cannot_be_read_or_collide_are_refused(names: list[str], found: str) -> None:
    with pytest.raises(ValidationError, match=found):
        source(*names)
