"""Find things in pictures with a .tflite detector, of ours or of anybody's that ends in the same four outputs.

Writes: a copy of each with the boxes drawn in, NAME.detected.jpg or .mp4, beside it or into --out
Usage:  python src/octet detect --model MODEL SOURCE...
        SOURCE: a picture, a folder, a pattern, a video, a camera's number, an http(s) address, or - (standard input)
        exit code 1: some of them could not be read; the others were
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from octet.commands.looking.drawn import Places, writer
from octet.commands.looking.looking import in_words, look
from octet.commands.looking.results import STDOUT, Seen, write_csv, write_json
from octet.commands.looking.sources import Source, find_sources
from octet.common import device
from octet.common.errors import UserError, report_user_errors
from octet.common.interruption import stop_requested
from octet.common.progress import Progress
from octet.tasks import registry

if TYPE_CHECKING:
    from octet.commands.looking.window import Window
    from octet.tasks.protocol import Finder

STOPPED = 130


@dataclass
class Found:
    """All that was seen, how long each picture took, and how many sources could not be read."""

    seen: list[Seen] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    broken: int = 0


def main(options: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # names of files can be anything
    with redirect_stdout(sys.stderr if STDOUT in (options.json, options.csv) else sys.stdout):
        device.use("cpu")
        detector = registry.finder("detection", options.model, options.labels)
        with screen() if options.show else nullcontext() as window, stop_requested("this picture") as told:
            found = look_at_all(find_sources(options.sources), detector, options, window, told)
            stopped = told()
        if len(found.seconds) > 1:
            each = f"{median(found.seconds) * 1000:.1f} ms each (median)"
            print(f"{len(found.seconds)} pictures, {each}: {in_words(found.seen)}")
        if found.broken:
            print(f"octet: {found.broken} could not be read", file=sys.stderr)
    if options.json:
        write_json(options.json, found.seen)
    if options.csv:
        write_csv(options.csv, found.seen)
    return STOPPED if stopped else 1 if found.broken else 0


def look_at_all(
    sources: list[Source],
    detector: "Finder",
    options: argparse.Namespace,
    window: "Window | None",
    told: Callable[[], bool],
) -> Found:
    """One source after the other; what moves ends whole when we are told to stop."""
    found, places = Found(), Places(options.out)
    for source in sources:
        before = len(found.seen)
        try:
            place = places.of(source)
            with writer(place, source.rate) as write, progress(source) as passed:
                for of in look(detector, source, options.min_score):
                    write(of.drawn)
                    found.seen.append(of.seen)
                    found.seconds.append(of.seconds)
                    passed()
                    if window:
                        window.show(of.drawn, waits=source.rate is None)
                    if told() or (window and not window.is_open):
                        break
        except UserError as error:
            del found.seen[before:], found.seconds[before:]
            found.broken += 1
            print(f"octet: {error}", file=sys.stderr, flush=True)
            continue
        took = f"{median(found.seconds[before:]) * 1000:.1f} ms"
        print(f"{source.name}: {in_words(found.seen[before:])}, {took} -> {place}", flush=True)
        if told() or (window and not window.is_open):
            break
    return found


@contextmanager
def progress(source: Source) -> Iterator[Callable[[], None]]:
    """What moves tells how far it is."""
    if source.rate is None:
        yield lambda: None
        return
    with Progress(source.name, source.length, "pictures") as bar:
        yield bar.advance


@contextmanager
def screen() -> Iterator["Window"]:
    try:
        from octet.commands.looking.window import window
    except ImportError as error:  # Tk does not come with every Python
        raise UserError(f"--show needs Tk ({error}): on Debian, apt install python3-tk") from None
    with window("Octet") as opened:
        yield opened


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    parser.add_argument("--model", type=Path, required=True, help="a .tflite file")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="a label a line, for a file that carries none")
    parser.add_argument("--min-score", type=share, default=0.5, metavar="0..1", help="the least that counts (0.5)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the drawn copies go")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what was found, for machines; - is standard output")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="the same as a table")
    parser.add_argument("--show", action="store_true", help="in a window; a key goes on to the next picture")
    options = parser.parse_args()
    if options.json == options.csv == STDOUT:
        parser.error("--json and --csv cannot both go to standard output")
    return options


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected 0 to 1")
    return value


def run() -> None:
    chosen = parse()
    with report_user_errors():
        code = main(chosen)
    sys.exit(code)
