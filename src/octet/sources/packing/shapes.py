"""Render pictures of six kinds of shapes, in VOC's layout; the seed determines every byte.

Colour, size, position and texture are drawn independently of the class, so only the outline separates the classes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from octet.common.progress import Progress
from octet.common.workers import parallel_map
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.annotation import Annotation, Object, serialize_annotation
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, PICTURES

CLASSES = ("cross", "ellipse", "rectangle", "ring", "star", "triangle")
FOLDER = "SHAPES"  # the name of the set's folder in the archive

Picture = NDArray[np.float32]  # [H, W, 3], RGB in 0..1
Mask = NDArray[np.float32]  # [H, W], coverage in 0..1

_OBJECTS = (0.3, 0.3, 0.2, 0.1, 0.06, 0.04)  # probabilities of 1, 2 ... 6 objects in a picture
_SUPERSAMPLING = 4  # per side, for smooth outlines
_LARGE = (0.6, 0.95), (0.4, 0.6)  # sizes and places of an object that is alone
_MIN_VISIBLE = 0.45  # share of an object's area; a shape that would show less is placed elsewhere
_DIFFICULT_VISIBLE = 0.65  # an object of which a smaller share is visible is `difficult`
_DIFFICULT_SIDE = 11  # px; a box with a shorter side is `difficult`
_NOT_TRUNCATED = 0.93  # share of an object's area that must be visible


@dataclass(frozen=True)
class _Placed:
    """An object that was painted into a picture."""

    name: str
    coverage: Mask  # the share of each pixel that this object covers, other objects ignored
    full_area: float  # px, including the part outside the picture


def shapes_members(seed: int, counts: Mapping[str, int], side: int) -> Iterator[PackedFile]:
    """Yield the members of the archive: annotations, image sets, pictures.

    `counts` maps splits to their number of pictures; `side` is the longer side of a picture in pixels.
    """
    splits = [split for split, count in counts.items() for _ in range(count)]
    ids = [f"{number:06d}" for number in range(1, len(splits) + 1)]
    with Progress("render", len(ids), "pictures") as progress:
        rendered = list(progress.count(parallel_map(partial(render_picture, seed, side), ids)))
    root = f"VOCdevkit/{FOLDER}"
    for id, (_, annotation) in zip(ids, rendered, strict=True):
        yield PackedFile(f"{root}/{ANNOTATIONS}/{id}.xml", serialize_annotation(annotation))
    for split in counts:
        members = [id for id, id_split in zip(ids, splits, strict=True) if id_split == split]
        yield PackedFile(f"{root}/{IMAGE_SETS}/{split}.txt", "".join(f"{id}\n" for id in members).encode())
    for id, (jpeg, _) in zip(ids, rendered, strict=True):
        yield PackedFile(f"{root}/{PICTURES}/{id}.jpg", jpeg)


def render_picture(seed: int, side: int, id: str, *, several: bool = True) -> tuple[bytes, Annotation]:
    """Render the picture `id`, with a longer side of `side` px; return its JPEG and its annotation.

    It shows one object to six, or a single large one, with less around it, where `several` is false.
    """
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, int(id)])
    height, width = _picture_size(rng, side)
    picture = _background(rng, height, width)
    for _ in range(rng.integers(0, 4 if several else 2)):
        _draw_distractor(rng, picture)
    placed: list[_Placed] = []
    if several:
        for _ in range(rng.choice(6, p=_OBJECTS) + 1):
            _place(rng, picture, placed)
    while not placed:
        _place(rng, picture, placed, *(() if several else _LARGE))
    picture = _photograph(rng, picture)
    bgr = np.round(picture[..., ::-1] * 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 96))])
    return jpeg.tobytes(), Annotation(id, FOLDER, width, height, tuple(_annotate(placed)))


def _picture_size(rng: np.random.Generator, side: int) -> tuple[int, int]:
    short = int(side * rng.uniform(0.65, 1.0))
    return (side, short) if rng.random() < 0.4 else (short, side)


def _background(rng: np.random.Generator, height: int, width: int) -> Picture:
    """Paint a background [H, W, 3] of soft coloured clouds with a finer texture: grain, stripes or checks."""
    cells = rng.integers(2, 7, size=2)
    clouds = rng.uniform(0.1, 0.9, size=(*cells, 3)).astype(np.float32)
    clouds = rng.uniform(0.1, 0.9, size=3).astype(np.float32) * 0.5 + clouds * 0.5
    picture = cv2.resize(clouds, (width, height), interpolation=cv2.INTER_LINEAR)
    texture = _choose_texture(rng, height, width)
    picture += texture()[..., None] * np.float32(rng.uniform(0.0, 0.07))
    return picture.clip(0, 1)


def _choose_texture(rng: np.random.Generator, height: int, width: int) -> Callable[[], NDArray[np.float32]]:
    """Choose grain, stripes or checks; what is returned draws it, [H, W] in -1..1, which is not always needed."""
    kind = rng.integers(3)
    if kind == 0:
        scale = int(rng.integers(1, 5))
        grain = rng.uniform(-1, 1, size=(height // scale + 1, width // scale + 1)).astype(np.float32)
        return lambda: cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 18)
    return partial(_stripes, height, width, angle, period, is_checked=kind == 2)


def _stripes(height: int, width: int, angle: float, period: float, is_checked: bool) -> NDArray[np.float32]:
    """Draw stripes [H, W], or checks, which are stripes in two directions; each pixel is -1 or 1."""
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)
    stripes = np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period))
    if is_checked:
        stripes *= np.sin((y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / period))
    return np.sign(stripes).astype(np.float32)


def _draw_distractor(rng: np.random.Generator, picture: Picture) -> None:
    """Draw something that is not an object: a line, an arc, a zigzag or a group of dots."""
    height, width = picture.shape[:2]
    colour = tuple(float(c) for c in rng.uniform(0, 1, 3))
    thickness = int(rng.integers(1, 4))
    kind = rng.integers(4)
    if kind == 0:
        ends = rng.integers(0, [width, height], size=(2, 2))
        cv2.line(picture, ends[0].tolist(), ends[1].tolist(), colour, thickness, cv2.LINE_AA)
    elif kind == 1:
        centre = rng.integers(0, [width, height]).tolist()
        axes = rng.integers(8, 40, size=2).tolist()
        start = float(rng.uniform(0, 360))
        sweep = float(rng.uniform(40, 150))  # degrees; never closed, since a closed arc would be a ring
        cv2.ellipse(
            picture, centre, axes, float(rng.uniform(0, 360)), start, start + sweep, colour, thickness, cv2.LINE_AA
        )
    elif kind == 2:
        start_point = rng.uniform(0, [width, height])
        steps = rng.uniform(-18, 18, size=(int(rng.integers(3, 7)), 2)).cumsum(axis=0)
        cv2.polylines(picture, [np.int32(start_point + steps)], False, colour, thickness, cv2.LINE_AA)
    else:
        centre_point = rng.uniform(0, [width, height])
        for dot in (centre_point + rng.uniform(-14, 14, size=(int(rng.integers(5, 14)), 2))).astype(np.int32):
            cv2.circle(picture, dot.tolist(), 1, colour, -1, cv2.LINE_AA)


def _place(
    rng: np.random.Generator,
    picture: Picture,
    placed: list[_Placed],
    sizes: tuple[float, float] = (0.3, 0.65),
    places: tuple[float, float] = (0.1, 0.9),
) -> None:
    """Paint one more object where enough of it and of all others stays visible; give up after some attempts.

    `sizes` are the smallest and the largest, as shares of the shorter side; its middle lies between `places` in both.
    """
    height, width = picture.shape[:2]
    name = str(rng.choice(CLASSES))
    for _ in range(12):
        size = min(height, width) * np.exp(rng.uniform(*np.log(sizes)))
        contours = _outline(rng, name, float(size), rng.uniform(*places, 2) * (width, height))
        coverage, full_area = _cover(contours, height, width)
        new = _Placed(name, coverage, full_area)
        if all(visible >= _MIN_VISIBLE for visible, _ in _visibility([*placed, new])):
            _paint(rng, picture, coverage)
            placed.append(new)
            return


def _outline(
    rng: np.random.Generator, name: str, size: float, centre: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Draw the contours of a shape, each [N, 2] as x, y in pixels; a second contour is a hole."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if name == "ellipse":
        contours = [circle]
    elif name == "ring":
        contours = [circle, circle * rng.uniform(0.45, 0.65)]
    elif name == "rectangle":
        contours = [np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.85]
    elif name == "triangle":
        contours = [circle[[0, 16, 32]] * 1.1]
    elif name == "star":
        spikes = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        radius = np.where(np.arange(10) % 2, rng.uniform(0.38, 0.5), 1.1)
        contours = [np.stack([np.cos(spikes), np.sin(spikes)], axis=1) * radius[:, None]]
    else:
        arm = rng.uniform(0.22, 0.34)
        corner = np.array([[arm, arm], [arm, 1], [-arm, 1]])
        quarter = np.array([[0, -1], [1, 0]])  # a rotation by 90 degrees
        contours = [np.concatenate([corner @ np.linalg.matrix_power(quarter, k) for k in (0, 3, 2, 1)])]
    stretch = np.exp(rng.uniform(np.log(0.65), np.log(1.55)) / 2)
    angle = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [contour * (stretch, 1 / stretch) @ rotation * (size / 2) + centre for contour in contours]


def _cover(contours: list[NDArray[np.float64]], height: int, width: int) -> tuple[Mask, float]:
    """Compute the share of each pixel that the contours cover, and their area in pixels, including parts outside."""
    canvas = np.zeros((height * _SUPERSAMPLING, width * _SUPERSAMPLING), np.uint8)
    cv2.fillPoly(canvas, [np.round(contour * _SUPERSAMPLING).astype(np.int32) for contour in contours], 255)
    coverage = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    areas = [cv2.contourArea(contour.astype(np.float32)) for contour in contours]
    return coverage, areas[0] - sum(areas[1:])


def _paint(rng: np.random.Generator, picture: Picture, coverage: Mask) -> None:
    """Fill an object with a colour that differs from the background under it, with a gradient and a texture."""
    height, width = coverage.shape
    under = (picture * coverage[..., None]).sum(axis=(0, 1)) / coverage.sum()
    colours = rng.uniform(0.02, 0.98, size=(16, 3))
    distinct = np.abs(colours - under).max(axis=1) > 0.4
    colour = colours[distinct.argmax()].astype(np.float32)
    texture, strength = _choose_texture(rng, height, width), np.float32(rng.choice([0.0, 0.0, 0.06]))
    from_left, to_right = rng.uniform(-0.15, 0.15, 2)
    where = _bounds(coverage)  # nothing changes beside it
    fill = colour + texture()[where][..., None] * strength if strength else colour
    fill = fill + np.linspace(from_left, to_right, width).astype(np.float32)[None, where[1], None]
    alpha = coverage[where][..., None]
    picture[where] = (picture[where] * (1 - alpha) + fill * alpha).clip(0, 1)


def _bounds(mask: NDArray[Any]) -> tuple[slice, slice]:
    """The rows and the columns that have any of what a mask covers."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _photograph(rng: np.random.Generator, picture: Picture) -> Picture:
    """Add what a camera adds to a picture [H, W, 3]: light from one side, a colour cast, blur and sensor noise."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j].astype(np.float32)
    direction = rng.uniform(-0.5, 0.5, 2).astype(np.float32)
    light = np.float32(rng.uniform(0.65, 1.15)) * (1 + direction[0] * y + direction[1] * x)
    picture = picture * light[..., None] * rng.uniform(0.85, 1.1, 3).astype(np.float32)
    if rng.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (5, 5), float(rng.uniform(0.3, 1.1)))
    noise = rng.uniform(-1, 1, picture.shape).astype(np.float32)
    return (picture + noise * np.float32(rng.uniform(0, 0.04))).clip(0, 1)


def _visibility(placed: list[_Placed]) -> list[tuple[float, NDArray[np.bool_]]]:
    """Compute each object's visible share and its visible pixels [H, W]; later objects hide earlier ones."""
    result = []
    hidden = np.zeros(placed[0].coverage.shape, bool)
    for shape in reversed(placed):
        visible_pixels = (shape.coverage > 0.5) & ~hidden
        hidden |= shape.coverage > 0.5
        result.append((visible_pixels.sum() / max(shape.full_area, 1.0), visible_pixels))
    return result[::-1]


def _annotate(placed: list[_Placed]) -> Iterator[Object]:
    """Yield each object with the box around its visible pixels and VOC's flags."""
    if not placed:
        return
    for shape, (visible, visible_pixels) in zip(placed, _visibility(placed), strict=True):
        rows, columns = _bounds(visible_pixels)
        box = (columns.start + 1, rows.start + 1, columns.stop, rows.stop)
        short = min(box[2] - box[0], box[3] - box[1]) + 1
        yield Object(
            name=shape.name,
            box=box,
            difficult=bool(visible < _DIFFICULT_VISIBLE or short < _DIFFICULT_SIDE),
            truncated=bool(visible < _NOT_TRUNCATED),
        )
