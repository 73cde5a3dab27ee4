"""Pieces of HTML: escaped, and nothing that a page would have to fetch."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #6b7280; --line: #d9dde3; --wash: #f4f6f8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --paper: #14171c; --faint: #9aa3af; --line: #333a44; --wash: #1d2229 }
}
* { box-sizing: border-box }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { margin: 0; font-size: 1.9rem } h2 { margin: 3rem 0 .3rem; font-size: 1.35rem } h3 { margin: 1.6rem 0 .3rem }
p { max-width: 46rem } .faint, figcaption { color: var(--faint) } a { color: inherit }
.numbers { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; padding: 0; list-style: none }
.numbers li { background: var(--wash); border-radius: .6rem; padding: .6rem 1rem }
.numbers b { display: block; font-size: 1.5rem }
.verdict { padding: .7rem 1rem; border-left: 5px solid; background: var(--wash); border-radius: 0 .4rem .4rem 0 }
.good { border-color: #009e73 } .bad { border-color: #d55e00 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child, td.text, th.text { text-align: left } td.text { white-space: normal; min-width: 12rem }
figure { margin: 0 0 1.4rem } figcaption { font-size: .9rem }
.three { display: grid; grid-template-columns: repeat(3, 1fr); gap: .4rem }
.three img { width: 100%; border-radius: .3rem; display: block }
.key span { display: inline-block; margin-right: 1.1rem; white-space: nowrap }
.key i { display: inline-block; width: .9em; height: .9em; border-radius: .2em; margin-right: .35em;
  vertical-align: -.1em }
svg { max-width: 100%; height: auto; display: block } .chart { overflow-x: auto }
pre { background: var(--wash); padding: .8rem; border-radius: .5rem; overflow-x: auto; font-size: .85rem }
@media (max-width: 40rem) {
  .chart svg { min-width: 34rem }
  .three { grid-template-columns: repeat(3, 82%); overflow-x: auto; scroll-snap-type: x mandatory }
  .three img { scroll-snap-align: start }
}
"""


def numbers(told: Iterable[tuple[str, str]]) -> str:
    """Large numbers in a row, each with what it is."""
    items = "".join(f"<li><b>{escape(number)}</b>{escape(what)}</li>" for number, what in told)
    return f'<ul class="numbers">{items}</ul>'


def table(head: Sequence[str], rows: Iterable[Sequence[object]], text: Sequence[int] = ()) -> str:
    """A table whose first column, and those numbered in `text`, are words."""

    def line(tag: str, cells: Sequence[object]) -> str:
        return "".join(
            f"<{tag}{' class=text' if column in text else ''}>{escape(str(cell))}</{tag}>"
            for column, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{line("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'


def chart(svg: str, told: str) -> str:
    """A drawing, and what it is of for those who do not see it."""
    return f'<div class="chart" role="img" aria-label="{escape(told)}">{svg}</div>'


def paragraphs(sentences: Iterable[str]) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def points(meanings: Mapping[str, str]) -> str:
    """A list of names and what they mean."""
    lines = (f"<li><b>{escape(name)}</b>: {escape(meaning)}</li>" for name, meaning in meanings.items())
    return f"<ul>{''.join(lines)}</ul>"


def key(colours: Mapping[str, tuple[int, int, int]]) -> str:
    """What the colours mean."""
    spans = (f'<span><i style="background:rgb{colour}"></i>{escape(name)}</span>' for name, colour in colours.items())
    return f'<p class="key">{"".join(spans)}</p>'


def data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def row_of_three(title: str, images: Mapping[str, bytes]) -> str:
    pictures = "".join(
        f'<img src="{data_url(jpeg)}" alt="{escape(title)}: {escape(name)}">' for name, jpeg in images.items()
    )
    return f'<figure><div class="three">{pictures}</div><figcaption>{escape(title)}</figcaption></figure>'
