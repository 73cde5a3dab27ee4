"""A command that needs results takes the only recipe with some, and names the recipes where there are several."""

import shutil
from pathlib import Path

import pytest

from conftest import ROOT, Project, tiny_params
from octet.commands.command_line.recipes import EVALUATION, RECORDS, SHIPPED_FILE, RecipeResults, recipe_with_results
from octet.common.errors import UserError

RESULTS = {
    "data/{}/records": RECORDS,
    "models/{}/detector_uint8.tflite": SHIPPED_FILE,
    "reports/{}/evaluation.json": EVALUATION,
}


@pytest.fixture(autouse=True)
def three_recipes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write_params({name: tiny_params()["quickstart"] for name in ("first", "second", "third")})
    monkeypatch.chdir(project.folder)


def put(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()


@pytest.mark.parametrize(("path", "results"), RESULTS.items(), ids=list(RESULTS))
def test_the_only_one_is_taken_and_named(path: str, results: RecipeResults, capsys: pytest.CaptureFixture[str]) -> None:
    put(path.format("second"))
    recipe = recipe_with_results(None, results)
    assert recipe.name == "second"
    assert results.of_recipe(recipe) == Path(path.format("second"))
    assert capsys.readouterr() == ("", "octet: taking second, the only recipe with results here\n")


def test_of_several_the_user_names_one(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("third", "first"):
        put(f"reports/{name}/evaluation.json")
    with pytest.raises(UserError, match=r"^there are results of first, third: name one of .* \(with make: RECIPE="):
        recipe_with_results(None, EVALUATION)
    assert recipe_with_results("third", EVALUATION).name == "third"
    assert capsys.readouterr().err == ""


def test_without_any_it_says_what_to_run() -> None:
    put("reports/first/report.html")
    put("models/first/labels.txt")
    with pytest.raises(UserError, match=r"^there are no results here: run `make quickstart`"):
        recipe_with_results(None, SHIPPED_FILE)


def test_the_one_that_has_none_is_told_who_has() -> None:
    put("models/first/detector_uint8.tflite")
    missing = r"^models/second/detector_uint8\.tflite is missing: run `dvc repro convert@second` first \(it makes it\)"
    with pytest.raises(UserError, match=rf"{missing}; there are results of first$"):
        recipe_with_results("second", SHIPPED_FILE)


@pytest.mark.parametrize(
    ("target", "without", "with_recipe"),
    [
        ("gate", "octet gate", "octet gate 'first'"),
        ("report", "octet summary", "octet summary 'first'"),
        ("demo", "octet demo --port='8000'", "octet demo 'first' --port='8000'"),
        ("detect SOURCE=x.jpg", "octet detect -- 'x.jpg'", "octet detect --recipe 'first' -- 'x.jpg'"),
        ("classify SOURCE=x.jpg", "octet classify -- 'x.jpg'", "octet classify --recipe 'first' -- 'x.jpg'"),
        ("detect SOURCE=x.jpg MODEL=y", "octet detect --model='y' -- 'x.jpg'", "octet detect --model='y' -- 'x.jpg'"),
        ("tensorboard", "octet tensorboard --port='6006'", "octet tensorboard 'first' --port='6006'"),
        ("doctor", "octet doctor 'voc0712'", "octet doctor 'first'"),
        ("verify", "octet verify 'voc0712'", "octet verify 'first'"),
    ],
)
def test_make_hands_on_only_a_recipe_that_the_user_gave(
    project: Project, target: str, without: str, with_recipe: str
) -> None:
    shutil.copy(ROOT / "Makefile", project.folder)
    make = ("make", "--dry-run", "RUNNER=local", "--old-file=.venv/runtime", *target.split())
    for words, expected in (((), without), (("RECIPE=first",), with_recipe)):
        steps = project.run(*make, *words).stdout.replace("\\\n", " ")
        assert expected in [" ".join(line.split()) for line in steps.splitlines()]
