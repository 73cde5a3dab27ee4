"""The report: one HTML file with everything inside."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from octet.evaluation.gate import against_float
from octet.reporting.table import html_table

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
h1 { margin-bottom: 0 } h2 { margin-top: 2.2rem }
table { border-collapse: collapse } th, td { padding: .25rem .9rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
.verdict { padding: .6rem 1rem; border-left: 5px solid; background: #f6f6f6 }
.good { border-color: #009e73 } .bad { border-color: #d55e00 }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .6rem }
.pictures img { width: 100% } svg { max-width: 100%; height: auto }
"""


def page(
    evaluation: Mapping[str, Any], dataset: Mapping[str, Any], plots: Mapping[str, str], pictures: Sequence[str]
) -> str:
    """The page, from the scores, the data's counts, plots as SVG by title, and pictures as data URLs."""
    recipe = escape(evaluation["dataset"]["recipe"])
    sections = [f"<h2>{escape(title)}</h2>{svg}" for title, svg in plots.items()]
    images = "".join(f'<img src="{url}" alt="">' for url in pictures)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Octet: {recipe}</title><style>{_STYLE}</style></head><body>
<h1>{recipe}</h1>
<p>{evaluation["dataset"]["images"]} test pictures, {len(evaluation["dataset"]["classes"])} classes.
<b>float</b> and <b>qat</b> are the Keras models; every other row is a file, scored as it ships.</p>
{_verdict(evaluation["gate"])}
<h2>Scores</h2>{html_table(evaluation["variants"])}
<h2>What the shipped file finds</h2><div class="pictures">{images}</div>
{"".join(sections)}
<h2>Average precision by class (VOC12)</h2>{_per_class(evaluation["variants"])}
<h2>The data</h2>{_counts(dataset)}
</body></html>
"""


def _verdict(gate: Mapping[str, Any]) -> str:
    kind, word = ("good", "passes") if gate["passed"] else ("bad", "fails")
    return (
        f'<p class="verdict {kind}">The uint8 file {word}: its VOC12 mAP is {against_float(gate["drop"])}, where '
        f"{gate['max_drop']} below is allowed, and at least {gate['min_map']} is asked of it.</p>"
    )


def _per_class(variants: Mapping[str, Mapping[str, Any]]) -> str:
    classes = variants["float"]["per_class"]
    head = "".join(f"<th>{escape(name)}</th>" for name in ("class", *variants))
    body = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td>{scores['per_class'][name]['voc12_ap']:.3f}</td>" for scores in variants.values())
        + "</tr>"
        for name in classes
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _counts(dataset: Mapping[str, Any]) -> str:
    keys = ("pictures", "objects", "difficult", "truncated")
    head = "".join(f"<th>{name}</th>" for name in ("split", *keys))
    body = "".join(
        f"<tr><td>{split}</td>" + "".join(f"<td>{dataset['splits'][split][key]}</td>" for key in keys) + "</tr>"
        for split in ("train", "val", "test")
    )
    mended: Counter[str] = sum((Counter(of["mended"]) for of in dataset["splits"].values()), Counter())
    notes = {"Mended": mended, "Left out": dataset["skipped"]["by_kind"]}
    told = "".join(f"<p>{what}: {_by_kind(counts)}.</p>" for what, counts in notes.items() if counts)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{told}"


def _by_kind(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {escape(kind)}" for kind, count in sorted(counts.items()))
