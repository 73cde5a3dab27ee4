"""Whatever people call their classes, their pictures and their recipes: it is text, and no markup."""

import html
import json
from pathlib import Path

import jinja2
import pytest

from octet.measuring.evaluation import Variant
from octet.reporting.filling import fill_html, fill_markdown
from octet.reporting.gallery import Exhibit, Gallery, Mark
from octet.reporting.plots import confusion_chart, count_chart
from octet.tasks.detection.showing import charts

HOSTILE = '<b onclick="x">&amp; **bold** | [link](http://example.org) `code`\n# head'


def test_no_value_is_markup_in_html(tmp_path: Path) -> None:
    (tmp_path / "page.html.jinja").write_text(
        '{% from "parts.html.jinja" import chart, table %}'
        '<p title="{{ name }}">{{ name }}</p>{{ table([name], [[name]], text=(0,)) }}{{ chart("", name) }}'
    )
    page = fill_html("page.html.jinja", tmp_path, name=HOSTILE)
    assert "<b " not in page
    assert page.count("&lt;b onclick=&#34;x&#34;&gt;&amp;amp;") == 6  # a head is told again by each cell below it


def test_no_value_is_markup_in_markdown(tmp_path: Path) -> None:
    (tmp_path / "card.md.jinja").write_text(
        '- {{ name }}\n\n{{ table([name, "b"], [[name, 1]]) }}\n\n{{ name | code }}'
    )
    text = r'\<b onclick="x"\>\&amp; \*\*bold\*\* \| \[link\](http\://example.org) \`code\` \# head'
    written = fill_markdown("card.md.jinja", tmp_path, name=HOSTILE.replace("\n", "\n\n"))
    point, head, line, row, code = filter(None, written.splitlines())
    assert point == f"- {text}"
    assert head.startswith(f"| {text} ")
    assert set(line) == set("|:-")
    assert row.startswith(f"| {text} ")
    assert code == "`` " + " ".join(HOSTILE.split()) + " ``"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("potted_plant", "potted_plant"),
        ("_plant_", r"\_plant\_"),
        ("a__b", r"a\_\_b"),
        ("t-shirt, 0.5", "t-shirt, 0.5"),
        ("see www.example.org", r"see www\.example.org"),
        ("javascript:alert(1)", r"javascript\:alert(1)"),
        ("cat\u202egpj", r"cat\\u202egpj"),
        ("a\n---\nb: c", r"a --- b\: c"),
    ],
)
def test_names_stay_legible(name: str, written: str, tmp_path: Path) -> None:
    (tmp_path / "card.md.jinja").write_text("{{ name }}")
    assert fill_markdown("card.md.jinja", tmp_path, name=name) == written


def test_charts_show_names_as_text() -> None:
    """What matplotlib writes goes into the page as it is."""
    name = "</text><script>alert(1)</script><!-- ]]> &lt;"
    scores = Variant.model_validate({"per_class": {name: {"voc12_ap": 0.5}}})
    points = [{"class": name, "recall": "0.1", "precision": "0.5"}]
    for drawn in (
        charts.class_chart({"float": scores, "uint8": scores}),
        charts.precision_recall_curves({"uint8": points}, [name]),
        count_chart({name: 3}, "objects"),
        confusion_chart([(name, name)]),
    ):
        assert html.escape(name, quote=False) in drawn
        assert "<script" not in drawn and "<!-- ]]" not in drawn


@pytest.mark.parametrize(("at_first", "least"), [(0.5, 0.05), (0.02, 0.02), (None, 0.0)])
def test_the_gallery_holds_what_it_shows_at_first(at_first: float | None, least: float) -> None:
    scores = (0.01, 0.03, 0.07, 0.9)
    exhibit = Exhibit("a", b"", (9, 9), {"uint8": [Mark("cat", "right", score) for score in scores]})
    (shown,) = Gallery([exhibit], {"right": (0, 0, 0)}, at_first).content()["pictures"]
    assert [mark["score"] for mark in shown["marks"]["uint8"]] == [score for score in scores if score >= least]


def test_names_in_the_gallery_end_no_script(tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script><!--"
    exhibit = Exhibit(name, b"", (1, 1), {"ground truth": [Mark(name, "right")], "uint8": [Mark(name, "right", 0.9)]})
    (tmp_path / "page.html.jinja").write_text('{% from "gallery.html.jinja" import show %}{{ show(gallery) }}')
    page = fill_html("page.html.jinja", tmp_path, gallery=Gallery([exhibit], {"right": (0, 0, 0)}, 0.5))
    assert page.count("<script") == page.count("</script>") == 2  # what the gallery holds, and what draws it
    assert "<!--" not in page
    _, content = page.split('id="gallery-content">')
    told = json.loads(content[: content.index("</script>")])
    assert told["pictures"][0]["marks"]["uint8"][0]["label"] == name


def test_code_may_hold_backticks(tmp_path: Path) -> None:
    (tmp_path / "card.md.jinja").write_text("{{ plain | code }} {{ ticked | code }}")
    assert fill_markdown("card.md.jinja", tmp_path, plain="a_b", ticked="a``b") == "`a_b` ``` a``b ```"


def test_a_name_that_nobody_gave_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.html.jinja").write_text("{{ missing }}")
    with pytest.raises(jinja2.UndefinedError, match="missing"):
        fill_html("page.html.jinja", tmp_path)
