"""`octet detect` on what people have: the same boxes as the scores are of, and every kind of file."""

import csv
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import ROOT, Project, detection_recipe
from helpers.server import Asked, Server, endless, whole
from octet.commands.looking.content import download_picture
from octet.commands.looking.kinds import DETECTION
from octet.commands.looking.outputs import OutputPaths, copy_writer
from octet.commands.looking.results import PictureResult, write_results_csv
from octet.commands.looking.sources import find_sources
from octet.commands.looking.stills import StillPicture, decode_picture
from octet.commands.looking.videos import Video
from octet.common.errors import UserError
from octet.common.tensorflow import tflite
from octet.data.reading.records import read_pictures
from octet.tasks.detection.metric.boxes import corners_to_ltrb_pixels, iou_of_pairs
from octet.tasks.detection.using.part import Detection, Finder
from octet.tflite.files.conversion import pack_model
from octet.tflite.files.metadata import read_metadata_labels
from octet.tflite.running.variants import variant_files

Run = Callable[..., subprocess.CompletedProcess[str]]

DEFAULT_DURATION = b"\x23\xe3\x83"  # of a picture in Matroska, in nanoseconds
FAINT = "0.001"  # the tiny model is sure of nothing


@pytest.fixture
def model(reproduced: Project) -> Path:
    return reproduced.folder / "models" / "quickstart" / "detector_uint8.tflite"


@pytest.fixture
def pictures(reproduced: Project) -> dict[str, bytes]:
    """The JPEG of each test picture, by id."""
    return dict(read_pictures(reproduced.folder / "data" / "quickstart" / "records", "test"))


@pytest.fixture
def detect(model: Path, tmp_path: Path) -> Run:
    def run(*words: str, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [
            sys.executable,
            ROOT / "src" / "octet",
            "detect",
            "--model",
            model,
            "--min-score",
            FAINT,
            *words,
        ]
        result = subprocess.run(
            command, cwd=tmp_path, input=stdin, env=os.environ | environment, capture_output=True, check=False
        )
        return subprocess.CompletedProcess(words, result.returncode, result.stdout.decode(), result.stderr.decode())

    return run


def found_in(file: Path) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = json.loads(file.read_text())
    return content


def test_the_same_boxes_as_the_scores_are_of(
    reproduced: Project, pictures: dict[str, bytes], detect: Run, tmp_path: Path
) -> None:
    for id, jpeg in pictures.items():
        (tmp_path / f"{id}.jpg").write_bytes(jpeg)
    result = detect(".", "--json", "found.json", "--out", "drawn")
    assert (result.returncode, result.stderr) == (0, "")
    labels = (reproduced.folder / "models" / "quickstart" / "labels.txt").read_text().split()
    scored = found_in(reproduced.folder / "reports" / "quickstart" / "detections" / "uint8.json")
    expected: dict[str, list[tuple[Any, ...]]] = {id: [] for id in pictures}
    for of in scored:
        x, y, width, height = of["bbox"]
        expected[of["image_id"]].append((labels[of["category_id"] - 1], of["score"], x, y, x + width, y + height))
    assert sum(map(len, expected.values())) > len(pictures)
    for picture in found_in(tmp_path / "found.json"):
        rows = sorted((of["label"], of["score"], *of["box"]) for of in picture["detections"])  # ties come in any order
        wanted = sorted(expected.pop(Path(picture["source"]).stem))
        assert [row[:2] for row in rows] == [row[:2] for row in wanted]
        np.testing.assert_allclose([row[2:] for row in rows], [row[2:] for row in wanted], atol=0.02)  # rounded twice
    assert not expected


def test_every_file_of_the_ladder(reproduced: Project, pictures: dict[str, bytes]) -> None:
    recipe = detection_recipe(reproduced.folder / "params.yaml")
    files = variant_files(reproduced.folder / "models" / "quickstart", recipe.shipped_file)
    detections = reproduced.folder / "reports" / "quickstart" / "detections"
    picture = decode_picture(next(iter(pictures.values())), "picture")
    for variant, file in files.items():
        if file.suffix == ".tflite":
            found = Finder(file, suppression=recipe.model.suppression)(picture)
            assert [of.score for of in found] == sorted((of.score for of in found), reverse=True)
            scored = found_in(detections / f"{variant}.json")
            theirs = [of["score"] for of in scored if of["image_id"] == next(iter(pictures))]
            np.testing.assert_allclose([of.score for of in found], theirs, atol=1e-5, err_msg=variant)


def test_a_file_that_says_nothing_of_itself_is_given_labels(
    detect: Run, model: Path, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "one.jpg").write_bytes(next(iter(pictures.values())))
    bare = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(model.read_bytes()))
    bare.metadata = None
    (tmp_path / "bare.tflite").write_bytes(pack_model(bare, model.stat().st_size))
    refused = detect("one.jpg", "--model", "bare.tflite")
    assert refused.returncode == 1
    assert "--labels" in refused.stderr and "Traceback" not in refused.stderr
    names = [f"thing {number}" for number in range(6)]
    (tmp_path / "names.txt").write_text("\n".join(names))
    assert detect("one.jpg", "--json", "own.json").returncode == 0
    assert detect("one.jpg", "--model", "bare.tflite", "--labels", "names.txt", "--json", "bare.json").returncode == 0
    own, given = (found_in(tmp_path / f"{of}.json")[0]["detections"] for of in ("own", "bare"))
    labels = read_metadata_labels(model)
    assert labels is not None
    assert given
    assert given == [of | {"label": names[labels.index(of["label"])]} for of in own]


def test_drawn_copies_lie_beside_and_are_not_looked_at_again(
    detect: Run, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    jpeg = next(iter(pictures.values()))
    (tmp_path / "one.jpg").write_bytes(jpeg)
    for _ in range(2):
        assert detect(".").returncode == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["one.detected.jpg", "one.jpg"]
    drawn, plain = (np.asarray(Image.open(tmp_path / name)) for name in ("one.detected.jpg", "one.jpg"))
    assert drawn.shape[0] % plain.shape[0] == 0  # small ones are enlarged by a whole number
    enlarged = np.asarray(Image.fromarray(plain).resize(drawn.shape[1::-1], Image.Resampling.BICUBIC))
    assert (np.abs(drawn.astype(int) - enlarged).max(axis=2) > 60).mean() > 0.01  # lines and captions


def test_two_of_one_name_do_not_overwrite_each_other(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    for folder, jpeg in zip(("a", "b"), pictures.values(), strict=False):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.jpg").write_bytes(jpeg)
    assert detect("a/same.jpg", "b/*.jpg", "--out", "drawn").returncode == 0
    one, other = sorted((tmp_path / "drawn").iterdir())
    assert (one.name, other.name) == ("same-2.detected.jpg", "same.detected.jpg")
    assert one.read_bytes() != other.read_bytes()


def test_a_broken_file_is_named_and_the_rest_goes_on(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    jpeg = next(iter(pictures.values()))
    broken = {"1.jpg": jpeg[: len(jpeg) // 2], "2.jpg": b"no picture", "3.jpg": b"", "5.mp4": b"no video"}
    (tmp_path / "6.jpg").symlink_to("nowhere")
    (tmp_path / "folder.jpg").mkdir()
    for name, content in {**broken, "4.jpg": jpeg}.items():
        (tmp_path / name).write_bytes(content)
    result = detect(".", "--csv", "found.csv")
    assert result.returncode == 1
    told = result.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in told[:-1]] == [*sorted(broken), "6.jpg"]
    assert told[-1] == "octet: 5 of 6 failed"
    assert [path.name for path in tmp_path.glob("*detected*")] == ["4.detected.jpg"]
    with (tmp_path / "found.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["source"] for row in rows} == {"4.jpg"}
    assert all(float(row["right"]) >= float(row["left"]) for row in rows)


def test_a_spreadsheet_computes_no_names(tmp_path: Path) -> None:
    """Numbers stay numbers, less than zero as well."""
    names = ["=1+1", "+1", "-cat", "@cat", "\tcat", "＝1", "cat-1", "'cat"]  # noqa: RUF001
    found = [Detection(name, 0.5, (-1.0, 0.0, 2.0, 3.0)) for name in names]
    write_results_csv(tmp_path / "found.csv", [PictureResult("=cmd|' /c calc'!A0.jpg", None, 4, 4, found)], DETECTION)
    with (tmp_path / "found.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["'=1+1", "'+1", "'-cat", "'@cat", "\\tcat", "'＝1", "cat-1", "'cat"]  # noqa: RUF001
    assert {(row["source"], row["left"]) for row in rows} == {("'=cmd|' /c calc'!A0.jpg", "-1.0")}


def encoded(image: Image.Image, kind: str, **more: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


def on_its_side(image: Image.Image) -> bytes:
    """As a camera held upright writes it: turned pixels, and a note which way is up."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    return encoded(image.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)


def with_alpha(image: Image.Image) -> bytes:
    image.putalpha(40)
    return encoded(image, "PNG")


def test_kinds_of_pictures_that_are_the_same_to_the_eye(pictures: dict[str, bytes]) -> None:
    image = Image.open(io.BytesIO(next(iter(pictures.values())))).convert("RGB").crop((0, 0, 91, 67))
    plain = np.asarray(image)
    for name, content in {
        "PNG": encoded(image, "PNG"),
        "EXIF": on_its_side(image),
        "alpha": with_alpha(image.copy()),
        "WebP": encoded(image, "WEBP", lossless=True),
    }.items():
        np.testing.assert_array_equal(decode_picture(content, name), plain, err_msg=name)
    grey = np.asarray(image.convert("L"))
    of_16_bits = Image.fromarray(grey.astype(np.uint16) << 8)
    for content in (encoded(image.convert("L"), "PNG"), encoded(of_16_bits, "PNG"), encoded(of_16_bits, "TIFF")):
        np.testing.assert_array_equal(decode_picture(content, "grey"), np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
            "not a picture: it begins with b'%!PS-Ado'",
        ),
        (b"%PDF-1.7\n", "not a picture"),
        (b"P6 " + b"5" * 5_000 + b" 5 255\n", "a broken picture: "),
        (b"P6 60000 2000 255\n", "absurd size: 60000 x 2000 pixels, expected at most 64,000,000"),
        (b"P6 66000 1 255\n", "66000 x 1 pixels, expected sides of at most 65,500"),
        (b"\xff\xd8" + b"\xff\xfe\0\2" * 5_000, "absurd size: a JPEG of more than 1,000 segments"),
    ],
    ids=range(6),
)
def test_what_is_no_picture_or_would_take_long(content: bytes, told: str) -> None:
    with pytest.raises(UserError, match=f"^x.jpg: {told}"):
        decode_picture(content, "x.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "PPM"])
def test_every_kind_that_is_promised(kind: str) -> None:
    assert decode_picture(encoded(Image.new("RGB", (9, 7)), kind), "x").shape == (7, 9, 3)


def test_odd_sizes(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    """A point, a sliver, and 20 megapixels."""
    image = Image.open(io.BytesIO(next(iter(pictures.values()))))
    sizes = {"point.png": (1, 1), "sliver.png": (3, 700), "large.jpg": (5472, 3648)}
    for name, size in sizes.items():
        image.resize(size).save(tmp_path / name)
    result = detect(".", "--json", "found.json")
    assert (result.returncode, result.stderr) == (0, "")
    for seen in found_in(tmp_path / "found.json"):
        width, height = sizes[seen["source"]]
        drawn = Image.open((tmp_path / seen["source"]).with_suffix(".detected.jpg"))
        assert drawn.width * height == drawn.height * width
        for of in seen["detections"]:
            left, top, right, bottom = of["box"]
            assert 0 <= left <= right <= width
            assert 0 <= top <= bottom <= height


def test_standard_input_and_output(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    result = detect("-", "--json", "-", stdin=next(iter(pictures.values())))
    assert result.returncode == 0
    (seen,) = json.loads(result.stdout)  # nothing but JSON
    assert seen["source"] == "-" and seen["detections"]
    assert (tmp_path / "stdin.detected.jpg").exists()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Of a server of what lies in tmp_path/served."""
    (tmp_path / "served").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address(detect: Run, address: str, pictures: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "served" / "one two.jpg").write_bytes(next(iter(pictures.values())))
    result = detect(f"{address}/one%20two.jpg?size=large", f"{address}/missing.jpg")
    assert result.returncode == 1
    assert f"octet: {address}/missing.jpg: 404 File not found" in result.stderr
    assert (tmp_path / "one two.detected.jpg").exists()


def write_video(file: Path, frames: list[NDArray[np.uint8]]) -> None:
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 8, frames[0].shape[1::-1])
    for frame in frames:
        video.write(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)))
    video.release()


def test_a_video(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    size = 96, 64
    frames = [cv2.resize(decode_picture(jpeg, "picture"), size) for jpeg in pictures.values()]
    video = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 8, size)
    for frame in frames:
        video.write(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)))
    video.release()
    result = detect("clip.mp4", "--json", "-")
    assert result.returncode == 0
    assert [of["frame"] for of in json.loads(result.stdout)] == list(range(len(frames)))  # nothing but JSON
    assert "clip.mp4: " in result.stderr
    drawn = cv2.VideoCapture(str(tmp_path / "clip.detected.mp4"))
    assert (drawn.get(cv2.CAP_PROP_FPS), int(drawn.get(cv2.CAP_PROP_FRAME_COUNT))) == (8, len(frames))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.detected.mp4", "clip.mp4"]


def test_the_copy_of_a_video_goes_to_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg takes the name of such a folder for one."""
    monkeypatch.chdir(tmp_path)
    Path("tcp:127.0.0.1:9").mkdir()
    with copy_writer(Path("tcp:127.0.0.1:9/x.mp4"), 8) as write:
        write(np.zeros((64, 96, 3), np.uint8))
    assert Path("tcp:127.0.0.1:9/x.mp4").stat().st_size > 0


def test_a_video_for_which_there_is_no_room_is_an_error(tmp_path: Path) -> None:
    """OpenCV says nothing of it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_024, hard))
    try:
        with (
            pytest.raises(UserError, match=r"x\.detected\.mp4: "),
            copy_writer(tmp_path / "x.detected.mp4", 8) as write,
        ):
            for _ in range(10):
                write(noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_breaks_off(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    """It opens, and its pictures do not come."""
    write_video(tmp_path / "whole.avi", [decode_picture(next(iter(pictures.values())), "picture")] * 20)
    content = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "half.avi").write_bytes(content[: len(content) // 2])
    (tmp_path / "none.avi").write_bytes(content[: content.index(b"movi") + 4])
    result = detect("none.avi", "half.avi", "whole.avi", "--csv", "found.csv")
    assert result.returncode == 1
    assert "octet: none.avi: no picture comes from it" in result.stderr
    assert "octet: half.avi: breaks off after " in result.stderr
    assert sorted(path.name for path in tmp_path.glob("*detected*")) == ["whole.detected.mp4"]


@pytest.mark.parametrize("count", [2, 5, 20])
def test_a_video_whose_rate_varies_is_whole_until_it_is_cut(tmp_path: Path, count: int) -> None:
    """Such as a screen's recording: it has fewer pictures than its nominal rate promises for its duration."""
    noise = np.random.default_rng(0).integers(0, 256, (count, 64, 96, 3), np.uint8)
    write_video(tmp_path / "slow.mkv", [*noise])
    content = (tmp_path / "slow.mkv").read_bytes()
    place = content.index(DEFAULT_DURATION) + len(DEFAULT_DURATION)
    length = content[place] & 0x7F  # the first bit only ends the length of the length
    nominal = (10**9 // 30).to_bytes(length, "big")  # 30 pictures a second
    content = content[: place + 1] + nominal + content[place + 1 + length :]
    (tmp_path / "whole.mkv").write_bytes(content)
    whole = Video("whole.mkv", str(tmp_path / "whole.mkv"))
    assert whole.frame_rate == 30 and whole.frame_count == pytest.approx(30 * count / 8, abs=1)
    assert len(list(whole.frames())) == count
    (tmp_path / "half.mkv").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(UserError, match=r"half\.mkv: breaks off after \d+ of \d+ pictures"):
        list(Video("half.mkv", str(tmp_path / "half.mkv")).frames())


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.mp4", PLAYLIST.format("real.avi")),
        ("x.mp4", PLAYLIST.format("file:///{folder}/real.avi")),
        ("x.mp4", "ffconcat version 1.0\nfile real.avi\n"),
        ("x.avi", "ffconcat version 1.0\nfile 'http://127.0.0.1:9/x.avi'\n"),
        ("x.mov", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"),
        ("concat:real.avi", "no video"),
        ("frame%03d.avi", "no video"),
        ("frame001.avi", "no video"),
    ],
    ids=range(8),
)
def test_a_video_leads_to_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    write_video(tmp_path / "real.avi", [np.zeros((64, 96, 3), np.uint8)] * 5)
    (tmp_path / "frame001.jpg").write_bytes(encoded(Image.new("RGB", (96, 64)), "JPEG"))
    (tmp_path / name).write_text(content.replace("{folder}", str(tmp_path)))
    monkeypatch.chdir(tmp_path)
    (real,) = find_sources(["real.avi"])
    assert len(list(real.frames())) == 5
    (source,) = find_sources([name])
    with pytest.raises(UserError, match="not a video that can be opened"):
        list(source.frames())


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    """Its name would be one of a sequence of pictures."""
    (tmp_path / "x001.mp4").write_bytes(encoded(Image.new("RGB", (96, 64)), "JPEG"))
    (source,) = find_sources([str(tmp_path / "x001.mp4")])
    with pytest.raises(UserError, match="not a video that can be opened"):
        list(source.frames())


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("x" * 300, "cannot be read: File name too long"),
        ("9" * 5_000, "cannot be read: File name too long"),
        ("99999", "no such file or folder"),
        ("\u00b2", "no such file or folder"),
        ("", "an empty word names no SOURCE; expected one, or . for the current folder"),
    ],
    ids=range(5),
)
def test_a_word_that_names_nothing(word: str, told: str) -> None:
    with pytest.raises(UserError, match=f"{word}: {told}"):
        find_sources([word])


def test_folders_that_hold_themselves_are_not_gone_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.jpg", "a/.hidden/2.jpg", "a/.3.jpg", "a/b/4.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"")
    for link in ("a/again", "a/more"):
        Path(link).symlink_to(".")
    assert [source.name for source in find_sources(["a/**/*.jpg"])] == ["a/1.jpg", "a/b/4.jpg"]
    assert [source.name for source in find_sources(["a/*/1.jpg"])] == ["a/again/1.jpg", "a/more/1.jpg"]
    assert [source.name for source in find_sources(["a/.hidden/*.jpg"])] == ["a/.hidden/2.jpg"]
    assert [source.name for source in find_sources([f"{tmp_path}/a/*/4.j?g"])] == [f"{tmp_path}/a/b/4.jpg"]


def test_hidden_files_of_a_folder_are_no_sources(tmp_path: Path) -> None:
    """Such as those that macOS puts beside pictures; the folder that was named may be hidden itself."""
    folder = tmp_path / ".photos"
    folder.mkdir()
    for name in ("._a.jpg", ".b.mp4", "a.jpg"):
        (folder / name).touch()
    assert [source.name for source in find_sources([str(folder)])] == [f"{folder}/a.jpg"]
    assert [source.name for source in find_sources([f"{folder}/._a.jpg"])] == [f"{folder}/._a.jpg"]


def test_no_source_loses_what_others_found(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    jpeg = next(iter(pictures.values()))
    good = ["1.jpg", "esc\x1b[2J.jpg", f"{'n' * 250}.jpg"]
    for name in (*good, "taken.jpg"):
        (tmp_path / name).write_bytes(jpeg)
    (tmp_path / "victim").write_bytes(b"mine")
    for copy in ("1.detected.jpg", "1.detected.jpg.partial"):
        (tmp_path / copy).symlink_to("victim")
    (tmp_path / "taken.detected.jpg").mkdir()
    for pipe in ("pipe.jpg", "pipe.mp4"):
        os.mkfifo(tmp_path / pipe)
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(1 << 40)
    with Server(**{name: [whole(jpeg)] for name in ("x%00y.jpg", f"{'s' * 300}.jpg")}) as server:
        addresses = [server.url(name.removeprefix("/")) for name in server.answers]
        words = [".", "/dev/zero", "/dev/stdin", *addresses, "--json", "found.json", "--csv", "found.csv"]
        result = detect(*words, stdin=b"x")
    told = {
        "huge.jpg": "has more than 134,217,728 bytes",
        "pipe.jpg": "is a folder, a pipe or a device, expected a file",
        "pipe.mp4": "no such file, one that may not be read, or a pipe or a device",
        "taken.detected.jpg": "cannot be written: Is a directory",
        "/dev/zero": "is a folder, a pipe or a device, expected a file",
        "/dev/stdin": "is a folder, a pipe or a device, expected a file",
    }
    lines = [f"octet: {name}: {why}" for name, why in told.items()]
    assert (result.returncode, result.stderr.splitlines()) == (1, [*lines, "octet: 6 of 11 failed"])
    assert [of["source"] for of in found_in(tmp_path / "found.json")] == [*good, *addresses]
    assert "\x1b" not in result.stdout + (tmp_path / "found.csv").read_text()
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert not list(tmp_path.glob(".octet-*"))


def test_a_video_that_the_system_lets_nobody_look_at_is_a_users_error() -> None:
    with pytest.raises(UserError, match="that may not be read"):
        next(Video("clip.mp4", "v" * 300).frames())


def drips(asked: Asked) -> None:
    """Answer with a byte from time to time, which is never silence and never a picture."""
    asked.reply(200, b"", Content_Length="1000")
    while True:
        asked.wfile.write(b"x")
        asked.wfile.flush()
        time.sleep(0.05)


def test_an_address_that_drips_is_given_up() -> None:
    with Server(picture=[drips], large=[endless(200)], short=[whole(b"x", Content_Length="9")]) as server:
        with pytest.raises(UserError, match=r"picture: not complete after 0\.3 s"):
            download_picture(server.url("picture"), most_seconds=0.3)
        with pytest.raises(UserError, match=r"large: has more than 134,217,728 bytes"):
            download_picture(server.url("large"))
        with pytest.raises(UserError, match=r"short: .*IncompleteRead"):
            download_picture(server.url("short"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_it_waits_for_no_server(
    model: Path, pictures: dict[str, bytes], tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "1.jpg").write_bytes(next(iter(pictures.values())))
    waiting = Event()

    def answer(asked: Asked) -> None:
        waiting.set()
        drips(asked)

    with Server(picture=[answer]) as server:
        command = [sys.executable, str(ROOT / "src" / "octet"), "detect", "--model", str(model), "--json", "found.json"]
        with subprocess.Popen(
            [*command, "1.jpg", server.url("picture")], cwd=tmp_path, stderr=subprocess.PIPE
        ) as process:
            assert waiting.wait(60)
            process.send_signal(number)
            assert process.communicate(timeout=30)[1] == b"octet: stopped\n"
    assert process.returncode == 130
    assert [of["source"] for of in found_in(tmp_path / "found.json")] == ["1.jpg"]


def test_told_to_stop_it_ends_whole(model: Path, pictures: dict[str, bytes], tmp_path: Path) -> None:
    for number in range(500):
        (tmp_path / f"{number:03}.jpg").write_bytes(next(iter(pictures.values())))
    command = [
        sys.executable,
        str(ROOT / "src" / "octet"),
        "detect",
        "--model",
        str(model),
        ".",
        "--json",
        "found.json",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("003.jpg"):
                process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    seen = [of["source"] for of in found_in(tmp_path / "found.json")]
    assert 4 <= len(seen) < 500
    assert sorted(path.name.split(".")[0] for path in tmp_path.glob("*.detected.jpg")) == [of[:3] for of in seen]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["missing.jpg"], "missing.jpg: no such file or folder"),
        (["*.jpg"], "*.jpg: no picture and no video fits"),
        (["empty"], "empty: no picture and no video in this folder"),
        (["77"], "no camera 77 here that can be opened"),
        (["http://localhost:abc/x.jpg"], "http://localhost:abc/x.jpg: Failed to parse"),
        (["a\x1bJ\u202e"], "a\\x1bJ\\u202e: no such file or folder"),
    ],
)
def test_mistakes(detect: Run, tmp_path: Path, words: list[str], told: str) -> None:
    (tmp_path / "empty").mkdir()
    result = detect(*words)
    assert result.returncode == 1
    assert result.stderr.startswith(f"octet: {told}")
    assert "Traceback" not in result.stderr


def test_a_model_that_is_none(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(next(iter(pictures.values())))
    (tmp_path / "model.tflite").write_bytes(b"no model")
    result = detect("one.jpg", "--model", "model.tflite")
    assert (result.returncode, "Traceback" in result.stderr) == (1, False)
    assert result.stderr.startswith("octet: model.tflite: not a model that LiteRT runs")


def test_show_needs_a_screen(detect: Run, pictures: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(next(iter(pictures.values())))
    result = detect("one.jpg", "--show", DISPLAY="")
    assert result.returncode == 1
    assert result.stderr.startswith("octet: --show needs ")


def test_the_name_of_a_copy_of_an_address() -> None:
    assert str(StillPicture("https://example.org/a/b.c.png?x=1#y").copy_stem) == "b.c"
    assert str(StillPicture("https://example.org/").copy_stem) == "picture"
    assert str(StillPicture("https://example.org/o/..%2F..%2Fetc%2Fcat.jpg").copy_stem) == "cat"
    assert str(StillPicture("https://example.org/%2F..").copy_stem) == "picture"
    assert str(StillPicture("https://example.org/x%00%1b%e2%80%aey.jpg").copy_stem) == "x___y"
    assert str(StillPicture("https://[broken").copy_stem) == "picture"


def test_no_two_copies_get_one_name_however_their_folder_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("here", "pictures"):
        (tmp_path / folder).mkdir()
    (tmp_path / "link").symlink_to("pictures")
    monkeypatch.chdir(tmp_path / "here")
    paths = OutputPaths(None, ".detected")
    spelled = ("../pictures/a.png", f"{tmp_path}/pictures/a.tif", f"{tmp_path}/link/a.bmp", "../here/../link/a.gif")
    copies = [paths.path_for(StillPicture(name)) for name in spelled]
    assert [str(copy) for copy in copies] == [
        "../pictures/a.detected.jpg",
        f"{tmp_path}/pictures/a-2.detected.jpg",
        f"{tmp_path}/link/a-3.detected.jpg",
        "../here/../link/a-4.detected.jpg",
    ]
    Path("itself").symlink_to("itself")  # which is found out by who writes there
    assert OutputPaths(Path("itself"), ".detected").path_for(StillPicture("a.png")) == Path("itself/a.detected.jpg")


def test_the_name_of_a_copy_is_shortened_where_no_disk_takes_it() -> None:
    paths = OutputPaths(None, ".detected")
    for name, copy in (
        ("x" * 250 + ".jpg", "x" * 242 + ".detected.jpg"),
        ("x" * 251 + ".jpg", "x" * 240 + "-2.detected.jpg"),
        ("\u00e9" * 125 + ".jpg", "\u00e9" * 121 + ".detected.jpg"),
        ("https://example.org/" + "y" * 5_000 + ".jpg", "y" * 242 + ".detected.jpg"),
        ("..jpg", "..detected.jpg"),
    ):
        assert paths.path_for(StillPicture(name)).name == copy


def test_the_pages_program_finds_what_we_find(reproduced: Project, model: Path, tmp_path: Path) -> None:
    """As far as another way to resize lets it."""
    page = (ROOT / "docs" / "detect.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "models").symlink_to(reproduced.folder / "models")
    result = subprocess.run(
        [sys.executable, "-c", program.replace("0.5", FAINT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    picture = decode_picture((ROOT / "docs" / "shapes.jpg").read_bytes(), "shapes")
    theirs = [
        (label, corners_to_ltrb_pixels(np.fromstring(corners.strip("[]"), sep=" "), *picture.shape[:2]))
        for label, _, corners in (line.split(maxsplit=2) for line in result.stdout.splitlines())
    ]
    ours = Finder(model)(picture)
    best = [max((iou(of.box, box) for label, box in theirs if label == of.label), default=0) for of in ours]
    assert sum(overlap > 0.5 for overlap in best) > 0.7 * len(ours) > 0


def iou(first: Sequence[float], second: NDArray[np.float64]) -> float:
    boxes = np.array([first, second])
    (overlap,) = iou_of_pairs(*np.split(np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]), 2))
    return float(overlap)


@pytest.mark.parametrize("page", ["detect.md", "classify.md"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_what_the_pages_say_of_16_bits_gives_the_pixels_that_we_see(page: str, kind: str) -> None:
    grey = np.arange(64, dtype=np.uint16).reshape(8, 8) << 10
    content = encoded(Image.fromarray(grey if kind == "PNG" else grey.astype(np.int32)), kind)
    (told,) = re.findall(r"`(Image\.fromarray\(.*?)`", (ROOT / "docs" / page).read_text())
    picture = eval(told, {"Image": Image, "np": np, "picture": Image.open(io.BytesIO(content))})
    np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), decode_picture(content, "grey"))
