"""What was made in one clone is there in another, and nothing runs again."""

import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from dvc.repo import Repo

from conftest import ROOT, Project
from remotes.conftest import RECIPE, RESULTS, Clone
from remotes.stores import Folder, Store

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())


@pytest.mark.parametrize("kind", ["folder", "sftp", "s3"])
def test_from_one_clone_to_another(made: Clone, clone: Clone, empty: Store) -> None:
    for each in (made, clone):
        each.use(empty.options())
    made.push()
    clone.pull()
    assert clone.bytes_of(*RESULTS) == made.bytes_of(*RESULTS)
    assert not (clone.folder / "data").exists()
    lock = clone.bytes_of("dvc.lock")
    result = clone.run("dvc", "repro", "--allow-missing")
    assert result.stdout.endswith("Data and pipelines are up to date.\n"), result.stderr
    assert "Running stage" not in result.stdout
    assert clone.bytes_of("dvc.lock") == lock


def test_only_files_are_pushed(pushed: dict[str, bytes]) -> None:
    """Not DVC's run cache: no commit holds what it says."""
    assert {name.split("/")[0] for name in pushed} == {"files"}


def test_with_make(made: Clone, clone: Clone, tmp_path: Path) -> None:
    store = Folder(tmp_path / "store")
    for each, target in ((made, "push"), (clone, "pull")):
        each.use(store.options())
        (each.folder / ".venv").unlink(missing_ok=True)
        (each.folder / ".venv").symlink_to(sys.prefix)
        result = each.run("make", "--old-file=.venv/runtime", target, f"RECIPE={RECIPE}")
        assert result.returncode == 0, result.stderr
    assert clone.bytes_of(*RESULTS) == made.bytes_of(*RESULTS)


def test_only_a_folder_needs_no_more_packages(clone: Clone, tmp_path: Path) -> None:
    for url, needed in ((str(tmp_path), False), ("s3://octet/models", True)):
        clone.use({"url": url})
        steps = clone.run("make", "--dry-run", "--old-file=.venv/runtime", "push").stdout
        assert ("pip install" in steps) == needed
        assert "octet push" in steps


@pytest.mark.parametrize("kind", ["s3", "ssh", "gs", "azure"])
def test_every_kind_that_is_promised_is_installed(kind: str, made: Clone) -> None:
    config = {"core": {"remote": "ours"}, "remote": {"ours": {"url": f"{kind}://octet/models"}}}
    with Repo(str(made.folder), config=config) as repo:
        assert repo.cloud.get_remote().fs.protocol in (kind, "abfs")


def test_every_recipe_has_its_artifact() -> None:
    assert list(PIPELINE["artifacts"]) == [
        f"{recipe}/{of['model']}" for recipe, of in PIPELINE["vars"][0]["recipes"].items()
    ]
    for name, artifact in PIPELINE["artifacts"].items():
        recipe, model = name.split("/")
        outs = PIPELINE["stages"]["convert"]["do"]["outs"]
        assert artifact["path"] in [of.replace("${key}", recipe).replace("${item.model}", model) for of in outs]
        assert artifact["type"] == "model"
        assert artifact["desc"]


def test_an_artifact_says_how_its_file_is_fed(reproduced: Project) -> None:
    from ai_edge_litert.interpreter import Interpreter

    artifact = PIPELINE["artifacts"][f"{RECIPE}/detector"]
    (real,) = Interpreter(str(reproduced.folder / artifact["path"])).get_input_details()
    said = artifact["meta"]["input"]
    assert np.dtype(said["dtype"]) == real["dtype"]
    assert (said["scale"], said["zero_point"]) == real["quantization"]


@pytest.mark.parametrize("kind", ["folder"])
def test_one_model_by_name_and_version(made: Clone, full: Store, tmp_path: Path) -> None:
    made.use(full.options())
    result = made.run("gto", "register", f"{RECIPE}/detector", "--version", "v1.0.0")
    assert result.returncode == 0, result.stderr
    config = made.folder / ".dvc" / "config.local"
    somewhere = Clone(tmp_path / "somewhere")
    somewhere.folder.mkdir()
    repository = f"file://{made.folder}"
    for version in ([], ["--rev", "v1.0.0"]):
        command = ["dvc", "artifacts", "get", repository, f"{RECIPE}/detector", *version, "--force"]
        result = somewhere.run(*command, "--config", str(config))
        assert result.returncode == 0, result.stderr
        model = made.folder / "models" / RECIPE / "detector_uint8.tflite"
        assert somewhere.bytes_of(model.name) == {model.name: model.read_bytes()}
        got = somewhere.folder / "got.tflite"
        result = made.octet(
            "get", *version, "--config", str(config), "--out", str(got), repository, f"{RECIPE}/detector"
        )
        assert result.returncode == 0, result.stderr
        assert got.read_bytes() == model.read_bytes()
        again = made.octet("get", "--config", str(config), "--out", str(got), repository, f"{RECIPE}/detector")
        assert (again.returncode, again.stderr.count("is there already")) == (1, 1)
        got.unlink()

    (stored,) = [name for name in full.names() if full.read(name) == model.read_bytes()]
    full.write(stored, bytes(model.stat().st_size))
    for name, address, words in (
        (f"{RECIPE}/detector", repository, "damaged on the remote"),
        (f"{RECIPE}/nosuch", repository, f"no model '{RECIPE}/nosuch'; there are: 'quickstart/detector'"),
        (f"{RECIPE}/detector", f"file://{tmp_path}/nosuch", "`git clone"),
        (f"{RECIPE}/detector", f"ext::touch {tmp_path}/reached", "transport 'ext' not allowed"),
    ):
        result = made.octet("get", "--config", str(config), "--out", str(got), address, name)
        assert result.returncode == 1
        assert words in " ".join(result.stderr.split())
        assert "Traceback" not in result.stderr
        assert not got.exists()
    assert not (tmp_path / "reached").exists()
