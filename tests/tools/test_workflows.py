"""The workflows get no more rights, no more secrets and no other code than they need."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
PULL_REQUEST_WITH_SECRETS = {"pull_request_target", "workflow_run", "issue_comment"}  # run with the project's rights


@pytest.fixture(params=WORKFLOWS, ids=lambda file: file.name)
def workflow(request: pytest.FixtureRequest) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(request.param.read_text())
    return content


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def places_of_secrets(part: Any, place: str = "") -> Iterator[str]:
    """Where in the workflow a secret is named, as the path of keys."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from places_of_secrets(value, f"{place}/{key}")
    elif isinstance(part, list):
        for value in part:
            yield from places_of_secrets(value, place)
    elif "secrets" in re.findall(r"\w+", " ".join(re.findall(r"\$\{\{(.*?)\}\}", str(part)))):
        yield place


def test_they_may_read_the_source_and_nothing_else(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == []


def test_they_end_and_the_later_of_two_runs_goes_on(workflow: dict[Any, Any]) -> None:
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert "${{ github.ref }}" in workflow["concurrency"]["group"]


def test_a_strangers_pull_request_runs_as_a_stranger(workflow: dict[Any, Any]) -> None:
    triggers = workflow[True]  # YAML reads `on` as a truth value
    assert not PULL_REQUEST_WITH_SECRETS & set(triggers)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_named_by_their_commit(file: Any) -> None:
    used = [line.strip(" -") for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not re.fullmatch(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_a_checkout_leaves_no_token_behind(workflow: dict[Any, Any]) -> None:
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert [step for step in checkouts if step.get("with", {}).get("persist-credentials") is not False] == []


def test_a_secret_goes_to_one_step_alone(workflow: dict[Any, Any]) -> None:
    places = list(places_of_secrets(workflow))
    assert [place for place in places if not re.fullmatch(r"/jobs/\w+/steps/env/\w+", place)] == []


@pytest.mark.parametrize(("key", "target"), [("AKIA", "restore"), ("", "reproduce")])
def test_secrets_go_to_the_step_that_restores(tmp_path: Path, key: str, target: str) -> None:
    """In a pull request from a fork they are empty: a private remote would refuse it, so all is made."""
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    (step,) = [step for step in steps(ci) if "secrets" in str(step.get("env"))]
    (tmp_path / "make").write_text('#!/bin/sh\necho "make $*"\n')
    (tmp_path / "make").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **dict.fromkeys(step["env"], key)}
    ran = subprocess.run(["bash", "-e", "-c", step["run"]], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == f"make {target} RECIPE=quickstart\n"


def test_no_script_is_made_of_what_strangers_write(workflow: dict[Any, Any]) -> None:
    """Expressions stand in variables: GitHub puts their values into a script before the shell sees it."""
    assert [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")] == []
