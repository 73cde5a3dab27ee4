"""Detection in all sources, one after the other; a source that cannot be read is named, and the rest goes on."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from octet.commands.detecting.outputs import OutputPaths, copy_writer
from octet.commands.detecting.pictures import detect_in_source, label_counts
from octet.commands.detecting.results import PictureResult
from octet.commands.detecting.sources import PictureSource
from octet.common.errors import UserError
from octet.common.progress import Progress

if TYPE_CHECKING:
    from octet.commands.detecting.window import Window
    from octet.tasks.protocol import Finder


@dataclass
class DetectionRun:
    """The results of all pictures, how long the detector took for each, and how many sources could not be read."""

    results: list[PictureResult] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    unreadable: int = 0


def detect_in_sources(
    sources: Sequence[PictureSource],
    detector: "Finder",
    min_score: float,
    out: Path | None,
    window: "Window | None",
    stop_requested: Callable[[], bool],
) -> DetectionRun:
    """Run the detector on all sources and draw their copies; a video that is stopped can still be played."""

    def ends() -> bool:
        return stop_requested() or (window is not None and not window.is_open)

    run, paths = DetectionRun(), OutputPaths(out)
    for source in sources:
        before = len(run.results)
        try:
            path = paths.path_for(source)
            with copy_writer(path, source.frame_rate) as write, _progress(source) as advance:
                for picture in detect_in_source(detector, source, min_score):
                    write(picture.copy)
                    run.results.append(picture.result)
                    run.seconds.append(picture.seconds)
                    advance()
                    if window:
                        window.show(picture.copy, wait_for_key=source.frame_rate is None)
                    if ends():
                        break
        except UserError as error:
            del run.results[before:], run.seconds[before:]
            run.unreadable += 1
            print(f"octet: {error}", file=sys.stderr, flush=True)
            continue
        time = f"{median(run.seconds[before:]) * 1000:.1f} ms"
        print(f"{source.name}: {label_counts(run.results[before:])}, {time} -> {path}", flush=True)
        if ends():
            break
    return run


@contextmanager
def _progress(source: PictureSource) -> Iterator[Callable[[], None]]:
    """Show how far a video is; a single picture needs no bar."""
    if source.frame_rate is None:
        yield lambda: None
        return
    with Progress(source.name, source.frame_count, "pictures") as bar:
        yield bar.advance
