"""What the README and the pages of docs/ name is there."""

import re
import subprocess
from pathlib import Path

from conftest import ROOT, Project

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def make_targets() -> set[str]:
    out = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  make (\S+) +\S", out, flags=re.MULTILINE))


def test_every_make_target_is_there_and_has_its_line() -> None:
    phony = set(re.findall(r"^\.PHONY: (\S+)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert make_targets() == phony
    for page in PAGES:
        assert set(re.findall(r"\bmake ([a-z-]+)\b(?=[`\n ][A-Z]+=|[`\n])", page.read_text())) <= phony, page


def test_the_help_is_in_groups_fits_a_terminal_and_begins_with_what_a_newcomer_runs() -> None:
    lines = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == ["use", "own data", "share", "develop"]
    assert lines[1].split()[:2] == ["make", "quickstart"]
    assert [line for line in lines if len(line) > 100] == []


def test_every_link_leads_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(((?!http)[^)]+)\)", page.read_text())]
    assert links
    for page, link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), (page, link)
        assert not heading or heading in headings_of(target), (page, link)


def headings_of(page: Path) -> set[str]:
    """As GitHub names them in addresses."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_readme_needs_no_wider_window() -> None:
    assert [line for line in (ROOT / "README.md").read_text().splitlines() if len(line) > 120] == []


def test_every_word_of_the_glossary_is_linked() -> None:
    linked = {word for page in PAGES for word in re.findall(r"glossary\.md#([\w-]+)", page.read_text())}
    assert linked == headings_of(ROOT / "docs" / "glossary.md") - {"glossary"}


def test_the_drawing_is_the_pipeline(project: Project) -> None:
    project.set_up_dvc()
    drawn = project.run("dvc", "dag", "--md", "report@quickstart").stdout.strip()
    assert drawn.startswith("```mermaid")
    assert drawn in (ROOT / "docs" / "pipeline.md").read_text()


def test_an_unknown_recipe_is_said_by_make(project: Project) -> None:
    (project.folder / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (project.folder / ".venv").symlink_to(Path(ROOT / ".venv"))
    result = project.run("make", "--old-file=.venv/runtime", "reproduce", "RECIPE=nosuch", "DOCKER=nosuch")
    assert result.returncode != 0
    assert "Running in .venv (no Docker engine answers)" in result.stdout
    assert "octet: params.yaml: no recipe 'nosuch'; there are: quickstart" in result.stderr
