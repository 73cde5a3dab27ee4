"""Faulty pictures are reported, harmless faults are repaired, and boxes stay where they were drawn."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.making import CAT, annotation, encoded, make_archive, picture
from octet.sources.reading.archive import Archives
from octet.sources.reading.check import CheckedPicture, check_picture
from octet.sources.voc.annotation import Object

XML, JPEG = "Annotations/000001.xml", "JPEGImages/000001.jpg"
GOOD = {XML: annotation(CAT), JPEG: encoded(picture())}


def checked(folder: Path, changes: Mapping[str, bytes | None], classes: tuple[str, ...] = ("cat",)) -> CheckedPicture:
    files = {name: content for name, content in {**GOOD, **changes}.items() if content is not None}
    with Archives([make_archive(folder / "a.tar", files)]) as voc:
        return check_picture(voc.entry("VOC", "000001"), classes)


def progressive() -> bytes:
    jpeg = io.BytesIO()
    picture().save(jpeg, "JPEG", progressive=True)
    return jpeg.getvalue()


def with_scans(count: int, before: bytes = b"") -> bytes:
    """A progressive JPEG whose last scan is repeated this often; every scan is a pass over all pixels."""
    jpeg = progressive()
    return jpeg[:-2] + before + jpeg[jpeg.rindex(b"\xff\xda") : -2] * count + jpeg[-2:]


def with_segments(count: int) -> bytes:
    """A JPEG with this many pieces of EXIF data, each of which is put behind a copy of those before."""
    piece = b"\xff\xe1" + (9).to_bytes(2) + b"Exif\0\0x"
    return GOOD[JPEG][:2] + piece * count + GOOD[JPEG][2:]


def pixels(jpeg: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(jpeg))
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert image.getexif().get(0x0112, 1) == 1
    return np.asarray(image)


def test_a_correct_picture_is_not_changed(tmp_path: Path) -> None:
    result = checked(tmp_path, {})
    assert result.annotation
    assert (result.annotation.objects, result.jpeg) == ((CAT,), GOOD[JPEG])
    assert (result.repairs, result.problems) == ((), ())


@pytest.mark.parametrize(
    ("changes", "file", "kind", "found"),
    [
        ({JPEG: None}, XML, "missing", "there is no picture for it"),
        ({XML: None}, JPEG, "missing", "there is no annotation for it"),
        ({XML: None, JPEG: None}, XML, "missing", "there is neither an annotation nor a picture"),
        ({JPEG: None, "JPEGImages/000001.tif": b""}, XML, "missing", "pictures end in jpg, jpeg, png, bmp, webp"),
        ({JPEG: GOOD[JPEG][:-100]}, JPEG, "truncated or garbled JPEG", "Premature end"),
        ({JPEG: GOOD[JPEG][:-2]}, JPEG, "truncated or garbled JPEG", "Premature end"),
        ({JPEG: GOOD[JPEG][:-100] + b"\xff\xd9"}, JPEG, "truncated or garbled JPEG", "Corrupt"),
        ({JPEG: GOOD[JPEG][:200]}, JPEG, "undecodable picture", ""),
        ({JPEG: b""}, JPEG, "undecodable picture", ""),
        ({JPEG: b"<html>503</html>"}, JPEG, "undecodable picture", ""),
        ({JPEG: encoded(picture(), "GIF")}, JPEG, "undecodable picture", ""),
        ({JPEG: encoded(picture(), "PNG")[:-200]}, JPEG, "undecodable picture", ""),
        ({JPEG: encoded(Image.new("1", (9000, 9000)), "PNG")}, JPEG, "absurd size", "9000 x 9000"),
        (
            {JPEG: encoded(picture((40, 50)))},
            JPEG,
            "size disagrees",
            "50 x 40 in the annotation, 40 x 50 in the picture",
        ),
        ({XML: annotation(CAT, size=(100, 80))}, JPEG, "size disagrees", "100 x 80 in the annotation"),
        ({JPEG: with_scans(200)}, JPEG, "absurd size", "a JPEG of 210 scans, expected at most 100"),
        ({JPEG: GOOD[JPEG][:2] + b"\xff" * 4_000_000 + b"\0"}, JPEG, "undecodable picture", ""),  # in hours, once
        ({JPEG: with_segments(5_000)}, JPEG, "absurd size", "a JPEG of more than 1,000 segments"),
        (
            {JPEG: encoded(picture(), orientation=3)},
            JPEG,
            "EXIF orientation",
            "3: boxes could be meant before or after",
        ),
        ({XML: b"<annotation>"}, XML, "not well-formed XML", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # not the bytes
)
def test_a_faulty_picture_is_reported_and_left_out(
    tmp_path: Path, changes: dict[str, bytes | None], file: str, kind: str, found: str
) -> None:
    result = checked(tmp_path, changes)
    (problem,) = result.problems
    assert result.annotation is None
    assert (problem.file, problem.kind, problem.skipped) == (f"VOC/{file}", kind, "picture")
    assert found in problem.found


@pytest.mark.parametrize(
    ("obj", "kind", "found"),
    [
        (Object("dog", CAT.box), "unknown class", "the recipe lists cat"),
        (Object("cat", (10, 5, 52, 20)), "box outside the picture", "(10, 5, 52, 20) in 50 x 40 pixels"),
        (Object("cat", (-0.5, 5, 30, 20)), "box outside the picture", "(-0.5, 5, 30, 20)"),
        (Object("cat", (100, 100, 120, 120)), "box outside the picture", "(100, 100, 120, 120)"),
    ],
)
def test_a_faulty_object_is_reported_and_left_out(tmp_path: Path, obj: Object, kind: str, found: str) -> None:
    result = checked(tmp_path, {XML: annotation(obj, CAT)})
    (problem,) = result.problems
    assert result.annotation
    assert result.annotation.objects == (CAT,)
    assert (problem.file, problem.kind, problem.skipped) == (f"VOC/{XML}", kind, "object")
    assert repr(obj.name) in problem.field
    assert found in problem.found


@pytest.mark.parametrize(
    ("content", "repair"),
    [
        (encoded(picture(mode="L")), "greyscale"),
        (encoded(picture(mode="CMYK")), "CMYK"),
        (encoded(picture(), "PNG"), "PNG to JPEG"),
        (encoded(picture(mode="RGBA"), "PNG"), "PNG to JPEG, transparency dropped"),
        (encoded(picture().quantize(64, dither=Image.Dither.NONE), "PNG"), "PNG to JPEG"),
        (encoded(Image.fromarray(np.asarray(picture(mode="L"), np.uint16) * 257), "PNG"), "PNG to JPEG"),
        (GOOD[JPEG][:-2] + b"stray" + GOOD[JPEG][-2:], "stray bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_harmless_faults_are_repaired(tmp_path: Path, content: bytes, repair: str) -> None:
    result = checked(tmp_path, {JPEG: content})
    assert (", ".join(result.repairs), result.problems) == (repair, ())
    shown = pixels(result.jpeg)
    assert shown.shape == (40, 50, 3)
    grey = [
        np.asarray(Image.fromarray(picture_pixels).convert("L"), float)
        for picture_pixels in (shown, pixels(GOOD[JPEG]))
    ]
    assert abs(grey[0] - grey[1]).mean() < 5


@pytest.mark.parametrize(("mode", "orientation"), [("RGB", 1), ("L", 1), ("CMYK", 1), ("RGB", 6)])
def test_a_picture_that_is_cut_is_told_whatever_else_it_needs(tmp_path: Path, mode: str, orientation: int) -> None:
    whole = encoded(picture(mode=mode), orientation=orientation)
    cut = whole[:-100] + whole[-2:]  # with the marker of its end
    size = (50, 40) if orientation == 1 else (40, 50)
    (problem,) = checked(tmp_path, {XML: annotation(CAT, size=size), JPEG: cut}).problems
    assert problem.kind == "truncated or garbled JPEG"


def test_a_progressive_picture_is_not_changed(tmp_path: Path) -> None:
    """Neither are its metadata and what follows its end taken for scans."""
    jpeg = progressive()
    metadata = b"\xff\xed" + (2_002).to_bytes(2) + b"\xff\xda" * 1_000
    for content in (jpeg, jpeg[:2] + metadata + jpeg[2:]):
        result = checked(tmp_path, {JPEG: content})
        assert (result.jpeg, result.repairs, result.problems) == (content, (), ())
    assert checked(tmp_path, {JPEG: with_scans(90)}).annotation


def test_scans_do_not_hide_behind_markers_that_decoders_pass_over(tmp_path: Path) -> None:
    (problem,) = checked(tmp_path, {JPEG: with_scans(200, before=b"\xff\x02\xff\xff")}).problems
    assert problem.found == "a JPEG of 210 scans, expected at most 100"


def test_the_list_of_classes_is_shortened(tmp_path: Path) -> None:
    """It is repeated for every object that is of none of them."""
    classes = tuple(f"class {number}" for number in range(10_000))
    (problem,) = checked(tmp_path, {}, classes).problems
    assert problem.found == f"the recipe lists {', '.join(classes[:20])}, ... (10,000)"


def test_a_box_that_leaves_the_picture_by_a_pixel_is_clipped(tmp_path: Path) -> None:
    result = checked(tmp_path, {XML: annotation(Object("cat", (0, 0, 51, 41)), Object("cat", (1, 1, 50, 40)), CAT)})
    assert result.annotation
    assert [obj.box for obj in result.annotation.objects] == [(1, 1, 50, 40), (1, 1, 50, 40), CAT.box]
    assert (result.repairs, result.problems) == (("box clipped",), ())


def test_a_missing_size_is_read_from_the_picture(tmp_path: Path) -> None:
    result = checked(tmp_path, {XML: annotation(CAT, size=(0, 0))})
    assert result.annotation
    assert (result.annotation.width, result.annotation.height) == (50, 40)
    assert (result.repairs, result.jpeg) == (("size not stated",), GOOD[JPEG])


@pytest.mark.parametrize(
    ("stated", "shape", "repair"),
    [((40, 50), (50, 40, 3), "turned as EXIF says"), ((50, 40), (40, 50, 3), "EXIF orientation dropped")],
)
def test_the_stated_size_tells_whether_boxes_were_drawn_on_the_turned_picture(
    tmp_path: Path, stated: tuple[int, int], shape: tuple[int, ...], repair: str
) -> None:
    """The picture, dark on its left as stored, was taken with the camera on its side."""
    result = checked(tmp_path, {XML: annotation(CAT, size=stated), JPEG: encoded(picture(), orientation=6)})
    assert result.annotation
    assert (result.annotation.width, result.annotation.height) == stated
    assert result.repairs == (repair,)
    shown = pixels(result.jpeg)
    assert shown.shape == shape
    red = shown[..., 0].astype(float)
    dark_end, bright_end = (red[:10], red[-10:]) if shape[0] == 50 else (red[:, :10], red[:, -10:])
    assert dark_end.mean() + 100 < bright_end.mean()


@pytest.mark.parametrize("second", ["JPEGImages/000001.png", "Annotations/000001.XML"])
def test_an_id_with_two_files_is_left_out(tmp_path: Path, second: str) -> None:
    """It is not known which annotation belongs to which picture."""
    result = checked(tmp_path, {second: encoded(picture(), "PNG")})
    (problem,) = result.problems
    assert (problem.kind, problem.skipped, result.annotation) == ("duplicate id", "picture", None)
    assert second in problem.found
