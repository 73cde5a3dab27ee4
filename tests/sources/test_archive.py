"""A tar is read without extracting it; dangerous members are reported and never followed."""

import io
import tarfile
from pathlib import Path

import pytest

from helpers.making import make_archive, make_set
from octet.common.errors import UserError
from octet.sources.packing.tar import PackedFile, write_archive
from octet.sources.reading.archive import Archives

XML, JPEG = b"<annotation/>", b"jpeg"


def write_tar(path: Path, *members: tarfile.TarInfo) -> Path:
    """Write a tar with these headers; each member is filled with zeros."""
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def header(name: str, **fields: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(member, field, value)
    return member


@pytest.mark.parametrize("prefix", ["VOCdevkit/VOC/", "./VOCdevkit/VOC/", "VOC/", "some/where/VOC/", "/VOC/"])
def test_the_folder_before_vocs_own_names_the_set(tmp_path: Path, prefix: str) -> None:
    files = [
        PackedFile(f"{prefix}Annotations/1.xml", XML),
        PackedFile(f"{prefix}JPEGImages/1.JPG", JPEG),
        PackedFile(f"{prefix}JPEGImages/._1.jpg", b""),
    ]
    write_archive(tmp_path / "a.tar", files)
    with Archives([tmp_path / "a.tar"]) as voc:
        if prefix.startswith("/"):
            assert {problem.kind for problem in voc.problems} == {"hostile name"}
            return
        assert voc.image_set("VOC/*") == ["1"]
        entry = voc.entry("VOC", "1")
        assert [member.read() for member in (*entry.annotations, *entry.pictures)] == [XML, JPEG]


@pytest.mark.parametrize("prefix", ["", "./"])
def test_without_a_folder_the_archive_names_the_set(tmp_path: Path, prefix: str) -> None:
    files = [PackedFile(f"{prefix}Annotations/1.xml", XML), PackedFile(f"{prefix}JPEGImages/1.jpg", JPEG)]
    write_archive(tmp_path / "mine.tar", files)
    with Archives([tmp_path / "mine.tar"]) as voc:
        assert voc.image_set("mine/*") == ["1"]


def test_image_sets_and_pictures_can_be_in_different_archives(tmp_path: Path) -> None:
    make_archive(tmp_path / "sets.tar", {"ImageSets/Main/mine.txt": b"000002 1\n\n000001  -1\n"})
    make_set(tmp_path / "pictures.tar", "all", 3)
    with Archives([tmp_path / "sets.tar", tmp_path / "pictures.tar"]) as voc:
        assert voc.image_set("VOC/mine") == ["000002", "000001"]
        assert voc.image_set("VOC/all") == sorted(voc.image_set("VOC/*")) == ["000001", "000002", "000003"]
        assert len(voc.entry("VOC", "000002").pictures) == 1


def test_ids_can_have_spaces_and_suffixes_any_case(tmp_path: Path) -> None:
    files = {
        "Annotations/my cat.XML": XML,
        "JPEGImages/my cat.Jpg": JPEG,
        "ImageSets/Main/all.txt": b" my cat \nmy dog\n",
    }
    with Archives([make_archive(tmp_path / "a.tar", files)]) as voc:
        assert voc.image_set("VOC/all") == ["my cat", "my"]
        entry = voc.entry("VOC", "my cat")
        assert [member.read() for member in (*entry.annotations, *entry.pictures)] == [XML, JPEG]


def test_an_unknown_image_set_is_refused_with_the_known_names(tmp_path: Path) -> None:
    make_set(tmp_path / "a.tar", "trainval", 1)
    with Archives([tmp_path / "a.tar"]) as voc:
        for unknown in ("VOC/train", "VOC2007/*", "VOC"):
            with pytest.raises(
                UserError, match=rf"'{unknown[:3]}.*' is in no archive; there are: VOC/\*, VOC/trainval"
            ):
                voc.image_set(unknown)


def test_an_image_set_that_is_not_text_is_reported(tmp_path: Path) -> None:
    make_archive(tmp_path / "a.tar", {"ImageSets/Main/train.txt": b"\xff\xfe\x00"})
    with (
        Archives([tmp_path / "a.tar"]) as voc,
        pytest.raises(UserError, match=r"VOC/ImageSets/Main/train\.txt is not text"),
    ):
        voc.image_set("VOC/train")


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        (header("/etc/VOC/JPEGImages/1.jpg", size=4), "hostile name"),
        (header("../../VOC/JPEGImages/1.jpg", size=4), "hostile name"),
        (header("VOC/../../x/Annotations/1.xml", size=4), "hostile name"),
        (header("VOC/JPEGImages/1.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "not a plain file"),
        (header("VOC/Annotations/1.xml", type=tarfile.LNKTYPE, linkname="VOC/JPEGImages/1.jpg"), "not a plain file"),
        (header("VOC/JPEGImages/1.jpg", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "not a plain file"),
        (header("VOC/JPEGImages/1.jpg", type=tarfile.FIFOTYPE), "not a plain file"),
        (header("VOC/Annotations/1.xml", size=1 << 21), "absurd size"),
    ],
)
def test_a_dangerous_member_is_reported_and_not_read(tmp_path: Path, member: tarfile.TarInfo, kind: str) -> None:
    before = set(tmp_path.rglob("*"))
    path = write_tar(tmp_path / "a.tar", header("VOC/JPEGImages/2.jpg", size=4), member)
    with Archives([path]) as voc:
        (problem,) = voc.problems
        assert (problem.file, problem.kind) == (f"a.tar: {member.name}", kind)
        assert voc.image_set("VOC/*") == ["2"]
    assert set(tmp_path.rglob("*")) - before == {path}


def sparse_header(goes_on: bool) -> bytes:
    """The header of a GNU sparse member of a few bytes that states a size of a terabyte."""
    member = header("VOC/JPEGImages/1.jpg", size=1 << 40)
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = tarfile.GNUTYPE_SPARSE
    block[124:136] = b"00000000000\0"  # stored: nothing
    block[386:410] = 2 * b"00000000000\0"  # one part: nothing at 0
    block[482] = goes_on  # whether further blocks list more parts
    block[483:495] = b"\x80" + (1 << 40).to_bytes(11, "big")  # real size
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_a_huge_sparse_member_is_reported_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(sparse_header(goes_on=False) + bytes(1024))
    with Archives([tmp_path / "a.tar"]) as voc:
        (problem,) = voc.problems
    assert problem.kind == "not a plain file"


def test_an_endless_list_of_holes_is_refused(tmp_path: Path) -> None:
    """Compressed it has a thousandth of its size, and tarfile keeps all of it in memory."""
    parts = b"".join(b"%011o\0%011o\0" % (number, 1) for number in range(1, 22))
    more, last = (parts + bytes([goes_on]) + bytes(7) for goes_on in (1, 0))
    (tmp_path / "a.tar").write_bytes(sparse_header(goes_on=True) + more * 10 + last + bytes(1024))
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive \(a file with more than four holes"):
        Archives([tmp_path / "a.tar"])


def test_a_huge_name_is_refused(tmp_path: Path) -> None:
    """tarfile would read it into memory."""
    write_tar(tmp_path / "a.tar", header("VOC/JPEGImages/" + "x" * (1 << 17)))
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive \(a header of 131"):
        Archives([tmp_path / "a.tar"])


def test_a_size_beyond_the_end_is_refused(tmp_path: Path) -> None:
    member = header("VOC/JPEGImages/1.jpg", size=1 << 40)
    (tmp_path / "a.tar").write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive"):
        Archives([tmp_path / "a.tar"])


def raw_header(name: str, size: bytes = b"", kind: bytes = tarfile.REGTYPE) -> bytes:
    """The block of a member whose size is written as these twelve bytes."""
    block = bytearray(header(name, type=kind).tobuf(tarfile.GNU_FORMAT))
    block[124 : 124 + len(size)] = size
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax_header(content: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    return raw_header("pax", b"%011o\0" % len(content), kind) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


PICTURE = raw_header("VOC/JPEGImages/1.jpg", b"00000000004\0") + JPEG + bytes(tarfile.BLOCKSIZE - len(JPEG))
GLOBAL = tarfile.XGLTYPE


@pytest.mark.parametrize(
    "content",
    [
        raw_header("VOC/JPEGImages/1.jpg", b"\xff" * 12),
        raw_header("VOC/JPEGImages/1.jpg", b"\xff\x00" + bytes(10)),
        raw_header("VOC/JPEGImages/1.jpg", b"\x80\x7f" + b"\xff" * 10),
        pax_header(b"11 size=-1\n") + PICTURE,
        pax_header(b"11 size=-1\n", GLOBAL) + PICTURE,
        pax_header(b"21 size=-99999999999\n") + PICTURE,
        pax_header(b"28 size=99999999999999999999\n") + PICTURE,
        pax_header(b"5012 size=" + b"5" * 5_000 + b"\n") + PICTURE,
        pax_header(b"9" * 20 + b" path=a\n") + PICTURE,
        pax_header(b"0" * 60_000) + PICTURE,
        pax_header(b"7 a=bc\n") * 10_000 + PICTURE,
        b"".join(pax_header(b"10 k%03d=v\n" % number, GLOBAL) + PICTURE for number in range(500)),
    ],
    ids=range(12),
)
def test_a_header_that_lies_is_refused(tmp_path: Path, content: bytes) -> None:
    """Or would take minutes or all memory to read; Pythons differ in what they say of it."""
    (tmp_path / "a.tar").write_bytes(content + bytes(1024))
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive \("):
        Archives([tmp_path / "a.tar"])


@pytest.mark.parametrize("keep", [100, 512 * 3 + 100, 512 * 5])
def test_a_cut_off_archive_is_reported(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.tar"
    write_archive(path, [PackedFile("VOCdevkit/V/JPEGImages/1.jpg", b"x" * 4000)])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive"):
        Archives([path])


def test_a_compressed_archive_says_what_to_do(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w:gz") as tar:
        tar.addfile(header("VOC/JPEGImages/1.jpg"))
    with pytest.raises(UserError, match=r"a\.tar: it is compressed: unpack it to a plain tar first \(gunzip"):
        Archives([tmp_path / "a.tar"])


@pytest.mark.parametrize(
    "damage", ["a damaged header", "zeros in the middle", "another archive after it", "a word after it"]
)
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: str) -> None:
    """tarfile takes each damage for the end of the archive."""
    path = make_set(tmp_path / "a.tar", "all", 6)
    content = bytearray(path.read_bytes())
    middle = content.index(b"VOCdevkit/VOC/JPEGImages/000003.jpg")
    if damage == "a damaged header":
        content[middle + 3] ^= 1
    elif damage == "zeros in the middle":
        content[middle : middle + 512] = bytes(512)
    else:
        content += bytes(content) if damage.startswith("another") else b"word" + bytes(1024)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive \(it is damaged at byte"):
        Archives([path])


def test_a_size_below_zero_is_refused(tmp_path: Path) -> None:
    """The same member would be read again and again."""
    member = header("VOC/JPEGImages/1.jpg", size=4)
    following = header("VOC/JPEGImages/2.jpg", pax_headers={"size": "-1536"})
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member, io.BytesIO(b"1234"))
        tar.addfile(following)
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive"):
        Archives([tmp_path / "a.tar"])


def test_a_size_larger_than_any_disk_is_refused(tmp_path: Path) -> None:
    size = str(10**18 - 1)
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(header("VOC/JPEGImages/1.jpg", pax_headers={"size": size}))
        tar.addfile(header("VOC/JPEGImages/2.jpg"))
    with pytest.raises(UserError, match=r"a\.tar: not a complete tar archive"):
        Archives([tmp_path / "a.tar"])


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not a complete tar archive \(.*Is a directory"):
        Archives([tmp_path])


def test_a_name_that_is_not_text_is_reported(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", header("VOC/JPEGImages/caf\udce9.jpg", size=4))
    with Archives([path]) as voc:
        (problem,) = voc.problems
        assert problem.kind == "unreadable name"


def test_an_image_set_in_two_archives_is_the_union(tmp_path: Path) -> None:
    paths = [
        make_archive(
            tmp_path / f"{id}.tar", {"ImageSets/Main/train.txt": f"\ufeff{id}\n".encode(), f"JPEGImages/{id}.jpg": JPEG}
        )
        for id in ("1", "2")
    ]
    with Archives(paths) as voc:
        assert voc.image_set("VOC/train") == ["1", "2"]


def test_all_of_a_folder_comes_in_no_order_of_names(tmp_path: Path) -> None:
    """Of pictures that are named by what they show, the first are of all kinds."""
    ids = [f"{kind}_{number:03d}" for kind in ("cat", "dog") for number in range(50)]
    files = [PackedFile(f"VOC/Annotations/{id}.xml", XML) for id in ids]
    write_archive(tmp_path / "a.tar", files)
    with Archives([tmp_path / "a.tar"]) as voc:
        listed = voc.image_set("VOC/*")
    assert sorted(listed) == ids
    assert 15 < sum(id.startswith("cat") for id in listed[:50]) < 35
