"""A real Slurm with two nodes runs a recipe from `sbatch` to the pushed model."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Project, tiny_params


def is_possible() -> bool:
    """Whether Slurm is installed, and this user may make networks."""
    if not all(map(shutil.which, ("slurmctld", "slurmd", "sbatch", "munged", "ip"))):
        return False
    return subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_possible(), reason="needs root, and Slurm: slurmctld, slurmd, slurm-client, munge"),
]


@pytest.fixture
def clone(project: Project) -> Project:
    """A clone with a folder as its remote, whose float training has a part on each of two nodes."""
    params = tiny_params()
    params["quickstart"]["train_float"].update(strategy={"kind": "workers", "replicas": 2}, epochs=2)
    params["quickstart"]["train_qat"].update(epochs=1)
    project.write_params(params)
    shutil.copytree(ROOT / "deploy", project.folder / "deploy")
    (project.folder / ".venv").symlink_to(sys.prefix)
    project.set_up_dvc()
    project.run("dvc", "remote", "add", "--default", "store", str(project.folder / "store"))
    (project.folder / "store").mkdir()
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "A recipe")
    return project


def test_from_sbatch_to_the_pushed_model(clone: Project, tmp_path: Path) -> None:
    cluster = tmp_path / "cluster"
    submit = "sbatch --wait --nodes=2 --output=job.log deploy/slurm/reproduce.sbatch quickstart"
    result = subprocess.run(
        [ROOT / "tests" / "slurm" / "two_nodes.sh", cluster, *submit.split()],
        cwd=clone.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    said = (clone.folder / "job.log").read_text()
    assert result.returncode == 0, said + result.stderr
    for line in ("each batch of 8 pictures is split over 2 replicas in 2 processes", "worker 1 (node2:8888): waiting"):
        assert line in said
    assert "quickstart.train_qat.strategy.kind is one: the chief (node1:8888) trains alone" in said
    model = "models/quickstart/detector_uint8.tflite"
    shutil.rmtree(clone.folder / "models")
    shutil.rmtree(clone.folder / ".dvc" / "cache")
    assert clone.run("dvc", "pull", model).returncode == 0
    assert (clone.folder / model).stat().st_size > 0
