"""How often files are right about labelled pictures, given one at a time and in batches."""

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from octet.commands.shrinking.labelled_pictures import LabelledPictures
from octet.commands.shrinking.running import FloatRunner
from octet.commands.shrinking.samples import Sample
from octet.measuring.rates import Rate

_BATCH = 16
_REFUSED = -1  # in the place of a class: the file takes no batches

Answers = NDArray[np.int64]  # [pictures]: the class with the highest score


def print_accuracies(files: Mapping[str, bytes], pictures: LabelledPictures) -> None:
    """Print how often each file is right; the first is the float one, which the others are compared with."""
    truths, single, together = _ask(files, pictures)
    reference = next(iter(single.values()))
    rows = [
        (
            name,
            f"{len(content) / 1e6:.2f} MB",
            Rate(int((single[name] == truths).sum()), len(truths)),
            _told_together(together[name], single[name], truths),
            f"{np.mean(single[name] == reference):.1%}",
        )
        for name, content in files.items()
    ]
    head = ("scheme", "size", "top-1 (95 % interval)", f"in batches of {_BATCH}", "same as float")
    print(f"accuracy on {len(truths)} labelled pictures, one at a time and in batches:")
    print(tabulate([head, *rows], tablefmt="plain", disable_numparse=True, colalign=("left", *["right"] * 4)))


def _told_together(together: Answers, single: Answers, truths: Answers) -> str:
    """The accuracy in batches, and how many answers they change."""
    if (together == _REFUSED).any():
        return "takes none"
    changed = int((together != single).sum())
    return f"{np.mean(together == truths):.3f}" + (f", {changed} answers change" if changed else "")


def _ask(
    files: Mapping[str, bytes], pictures: LabelledPictures
) -> tuple[Answers, dict[str, Answers], dict[str, Answers]]:
    """The classes of all pictures, and what each file says of them one at a time, and in batches."""
    runners = {name: FloatRunner(content) for name, content in files.items()}
    batched = {name: FloatRunner(content) for name, content in files.items()}
    truths: list[int] = []
    single: dict[str, list[Answers]] = {name: [] for name in files}
    together: dict[str, list[Answers]] = {name: [] for name in files}
    for classes, samples in _batches(pictures):
        truths += classes
        batch = {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}
        for name, run in runners.items():
            single[name] += [_first(run, sample) for sample in samples]
            together[name].append(_first(batched[name], batch))
    return (
        np.array(truths),
        {name: np.concatenate(of) for name, of in single.items()},
        {name: np.concatenate(of) for name, of in together.items()},
    )


def _first(run: FloatRunner, samples: Sample) -> Answers:
    """The likeliest class of each sample, or _REFUSED for all where the file does not take so many at once."""
    count = len(next(iter(samples.values())))
    try:
        (scores,) = run(samples)
    except (RuntimeError, ValueError):
        if count == 1:
            raise
        return np.full(count, _REFUSED)
    return scores.argmax(axis=1) if len(scores) == count else np.full(count, _REFUSED)


def _batches(pictures: LabelledPictures) -> Iterator[tuple[list[int], list[Sample]]]:
    labelled = iter(pictures)
    while taken := list(islice(labelled, _BATCH)):
        classes, samples = zip(*taken, strict=True)
        yield [*classes], [*samples]
