"""The demo finds in the browser what the library finds in Python."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from conftest import ROOT, detection_recipe
from octet.commands.browser.content import demo_files
from octet.commands.browser.runtime import obtain_runtime
from octet.commands.browser.server import Demo
from octet.commands.looking.stills import decode_picture
from octet.data.reading.pictures import picture_batches
from octet.reporting.drawing import COLOURS
from octet.tasks.detection.using.part import Detection, Finder

MODELS = ROOT / "models" / "quickstart"
MODEL = MODELS / "detector_uint8.tflite"
SURE, CLEARLY, OVERLAP = 0.4, 0.5, 0.9
PICTURES, ENLARGED = 20, 8


@contextmanager
def served(content: Mapping[str, Path]) -> Iterator[str]:
    """The address of a demo."""
    runtime = obtain_runtime(ROOT / "runs" / ".demo")
    with Demo(content, runtime, port=0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        files = demo_files(detection_recipe(), tmp_path_factory.mktemp("demo") / "quickstart")
    return {path: ROOT / file for path, file in files.items()}


@pytest.fixture(scope="module")
def address(content: Mapping[str, Path]) -> Iterator[str]:
    with served(content) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, address) as page:
        yield page


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """The page, its model loaded."""
    context = browser.new_context(permissions=["camera"])
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("#camera:enabled")
    yield page
    assert [url for url in asked if not url.startswith((address, "http://127.0.0.1", "blob:", "data:"))] == []
    context.close()


def found_in(page: Page, model: str = "uint8") -> list[Detection]:
    """What the page lists of a model's detections, in its order."""
    return [
        Detection(
            line.get_attribute("data-label") or "",
            float(line.get_attribute("data-score") or 0),
            tuple(json.loads(line.get_attribute("data-box") or "")),
        )
        for line in page.locator(f"[data-model={model}] .found li").all()
    ]


def drop(page: Page, name: str, content: bytes) -> None:
    """As if the file were dragged from a folder and let go over the page."""
    page.locator("#drop").evaluate(
        """(target, [name, content]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, { type: "image/png" }));
            target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
        }""",
        [name, base64.b64encode(content).decode()],
    )
    page.wait_for_selector(f'#panes[data-of="{name}"]', state="attached")


def overlap(one: Detection, other: Detection) -> float:
    (left, top, right, bottom), (left2, top2, right2, bottom2) = one.box, other.box
    shared = max(min(right, right2) - max(left, left2), 0) * max(min(bottom, bottom2) - max(top, top2), 0)
    return shared / ((right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - shared)


def unmatched(found: list[Detection], others: list[Detection]) -> list[Detection]:
    """What one clearly finds and the other does not."""
    return [
        of
        for of in found
        if of.score >= CLEARLY and not any(o.label == of.label and overlap(of, o) >= OVERLAP for o in others)
    ]


def pictures() -> Iterator[tuple[str, bytes]]:
    """Those of test as the network sees them, each pixel made a square of many.

    The browser's boxes are in whole pixels, and however a square is sampled, it gives its pixel back.
    """
    side, scale = Finder(MODEL).side, (ENLARGED, ENLARGED, 1)
    records = ROOT / "data" / "quickstart" / "records"
    for number, (picture,) in enumerate(picture_batches(records, "test", side, batch=1).as_numpy_iterator()):
        file = io.BytesIO()
        Image.fromarray(np.kron(picture, np.ones(scale, np.uint8))).save(file, "PNG")
        yield f"{number}.png", file.getvalue()


def test_a_dropped_picture(page: Page) -> None:
    detector = Finder(MODEL)
    clear = 0
    for id, content in islice(pictures(), PICTURES):
        drop(page, id, content)
        theirs = found_in(page)
        ours = [of for of in detector(decode_picture(content, id)) if of.score >= SURE]
        assert (unmatched(ours, theirs), unmatched(theirs, ours)) == ([], [])
        clear += sum(of.score >= CLEARLY for of in theirs)
    assert clear >= PICTURES
    assert re.fullmatch(r"\d+\.\d ms, \d+ a second, median of 10", page.text_content("[data-model=uint8] .time") or "")


def test_the_page_may_ask_nobody_else(page: Page, address: str, tmp_path: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        ask = "(url) => fetch(url, { mode: 'no-cors' }).then(() => 'came', () => 'refused')"
        answers = [page.evaluate(ask, url) for url in (f"{address}/", f"http://127.0.0.1:{other.server_port}/")]
        other.shutdown()
    assert answers == ["came", "refused"]


def test_labels_and_file_names_are_text(browser: Browser, content: Mapping[str, Path], tmp_path: Path) -> None:
    hostile = "<img src=x onerror=\"document.title='ran'\">"
    labels = io.BytesIO()
    with zipfile.ZipFile(labels, "w") as archive:
        archive.writestr("labels.txt", f"{hostile}\n" * 6)
    model = MODEL.read_bytes()
    (tmp_path / "uint8.tflite").write_bytes(model[: model.rindex(b"PK\3\4")] + labels.getvalue())
    about = {
        **json.loads(content["/about.json"].read_text()),
        "name": hostile,
        "classes": [hostile],
        "samples": [hostile],
    }
    (tmp_path / "about.json").write_text(json.dumps(about))
    others = {f"/{file.name}": file for file in tmp_path.iterdir()}
    with served({**content, **others}) as address, opened(browser, address) as page:
        drop(page, *next(pictures()))
        assert {of.label for of in found_in(page)} == {hostile}
        assert page.text_content("h1") == hostile
        page.set_input_files("#file", {"name": f"{hostile}.png", "mimeType": "image/png", "buffer": b"no picture"})
        page.wait_for_selector("#status.trouble")
        assert hostile in (page.text_content("#status") or "")
        assert page.locator("img").count() == 1  # the sample
        assert page.title() == "Octet in the browser"


def test_it_says_what_the_model_is(page: Page) -> None:
    assert page.text_content("h1") == "Octet shapes detector"
    about = page.text_content("#about") or ""
    for classes in (MODELS / "labels.txt").read_text().splitlines():
        assert classes in about
    assert f"{MODEL.stat().st_size / 1e6:.2f} MB as uint8" in about


def test_each_sample_is_looked_at_on_a_click(page: Page) -> None:
    samples = page.locator("#samples button")
    assert samples.count() == 6
    for sample in samples.all():
        sample.click()
        page.wait_for_selector(f'#panes[data-of="{sample.get_attribute("title")}"]', state="attached")
        assert sample.get_attribute("aria-pressed") == "true"
        assert page.locator("canvas").evaluate("canvas => Math.max(canvas.width, canvas.height)") >= 480  # enlarged
        scores = [of.score for of in found_in(page)]
        assert scores == sorted(scores, reverse=True)
        assert scores


def test_the_colours_are_those_of_detect(page: Page) -> None:
    labels = (MODELS / "labels.txt").read_text().splitlines()
    drop(page, *next(pictures()))
    for line in page.locator(".found li").all():
        colour = COLOURS[labels.index(line.get_attribute("data-label") or "")]
        assert line.evaluate("line => getComputedStyle(line).borderLeftColor") == f"rgb{colour}"


def test_float32_stands_beside_the_shipped_file(page: Page) -> None:
    page.check("#compare")
    page.wait_for_selector("[data-model=float32]")
    drop(page, *next(pictures()))
    ours, theirs = found_in(page), found_in(page, "float32")
    assert (unmatched(ours, theirs), unmatched(theirs, ours)) == ([], [])
    for model in ("uint8", "float32"):
        assert "a second" in (page.text_content(f"[data-model={model}] .time") or "")
    page.uncheck("#compare")
    page.wait_for_selector("[data-model=float32]", state="detached")


def test_a_video_is_watched_until_it_is_stopped(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "moving.webm"
    shown = [np.asarray(Image.open(io.BytesIO(content))) for _, content in islice(pictures(), 8)]
    frames = [cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) for picture in shown]
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"VP80"), 8, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    page.set_input_files("#file", file)
    page.wait_for_selector("#stop:visible")
    page.wait_for_function("document.querySelector('.time').textContent.includes('median of')")
    page.click("#stop")
    page.wait_for_selector("#stop", state="hidden")
    assert page.text_content("#status") == ""


def test_what_is_no_video_is_told(page: Page) -> None:
    page.set_input_files("#file", {"name": "none.mp4", "mimeType": "video/mp4", "buffer": b"no video"})
    page.wait_for_selector("#status.trouble")
    assert "none.mp4 is not a video" in (page.text_content("#status") or "")


def test_a_phone_shows_all_without_scrolling_sideways(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#camera:enabled")
    page.locator("#samples button").first.click()
    page.wait_for_selector("#panes[data-of]", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_the_slider_leaves_out_what_scores_less(page: Page) -> None:
    drop(page, *next(pictures()))
    before = found_in(page)
    least = max(of.score for of in before) - 0.01
    page.locator("#score").fill(f"{int(least * 20) / 20:.2f}")
    after = found_in(page)
    assert 0 < len(after) < len(before)


def test_what_is_no_picture_is_told(page: Page, tmp_path: Path) -> None:
    (tmp_path / "none.jpg").write_bytes(b"no picture")
    page.set_input_files("#file", tmp_path / "none.jpg")
    page.wait_for_selector("#status.trouble")
    assert "none.jpg is not a picture" in (page.text_content("#status") or "")


def test_the_camera(page: Page) -> None:
    """The browser's own, which shows a moving test card."""
    page.click("#camera")
    page.wait_for_selector("#stop:visible")
    page.wait_for_selector(".time:not(:empty)")
    page.click("#stop")
    page.wait_for_selector("#stop", state="hidden")
    assert page.locator("canvas").is_visible()
