"""Looking at all sources, one after the other; a source that cannot be read is named, and the rest goes on."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from octet.commands.looking.kinds import Kind
from octet.commands.looking.outputs import OutputPaths, copy_writer
from octet.commands.looking.pictures import Looker
from octet.commands.looking.results import PictureResult
from octet.commands.looking.sources import PictureSource
from octet.commands.looking.words import describe_findings
from octet.common.errors import UserError
from octet.common.printing import printable
from octet.common.progress import Progress

if TYPE_CHECKING:
    from octet.commands.looking.window import Window


@dataclass
class Run:
    """The results of all pictures, how long the model took for each, and how many sources failed."""

    results: list[PictureResult] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    failed: int = 0


def look_at_sources(
    run: Run,
    kind: Kind,
    sources: Sequence[PictureSource],
    looker: Looker,
    out: Path | None,
    window: "Window | None",
    stop_requested: Callable[[], bool],
) -> None:
    """Run the model on all sources and draw their copies; a video that is stopped can still be played.

    Whatever ends it, `run` holds the results of the sources that are complete.
    """

    def ends() -> bool:
        return stop_requested() or (window is not None and not window.is_open)

    paths = OutputPaths(out, kind.copy_ending)
    for source in sources:
        results: list[PictureResult] = []
        seconds: list[float] = []
        try:
            path = paths.path_for(source)
            with copy_writer(path, source.frame_rate) as write, _progress(source) as advance:
                for picture in looker.look_at(source):
                    write(picture.copy)
                    results.append(picture.result)
                    seconds.append(picture.seconds)
                    advance()
                    if window:
                        window.show(picture.copy, wait_for_key=source.frame_rate is None)
                    if ends():
                        break
        except (UserError, OSError) as error:  # what cannot be read is a UserError
            problem = error if isinstance(error, UserError) else f"{path}: cannot be written: {error.strerror or error}"
            run.failed += 1
            print(f"octet: {printable(str(problem))}", file=sys.stderr, flush=True)
            continue
        run.results += results
        run.seconds += seconds
        time = f"{median(seconds) * 1000:.1f} ms"
        print(printable(f"{source.name}: {describe_findings(results, kind)}, {time} -> {path}"), flush=True)
        if ends():
            break


@contextmanager
def _progress(source: PictureSource) -> Iterator[Callable[[], None]]:
    """Show how far a video is; a single picture needs no bar."""
    if source.frame_rate is None:
        yield lambda: None
        return
    with Progress(printable(source.name), source.frame_count, "pictures") as bar:
        yield bar.advance
