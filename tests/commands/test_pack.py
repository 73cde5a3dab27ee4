"""The packed folder works where there is nothing but numpy and a runtime, and tells a mistake's likeliest cause."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ai_edge_litert
import numpy as np
import pytest

from conftest import ROOT, Project, detection_recipe
from helpers.classifying import write_classifier_project
from helpers.small_files import two_headed_file
from octet.commands.packing.check import run
from octet.commands.packing.folder import is_pack, is_replaceable, write_pack
from octet.commands.packing.mistakes import MISTAKES
from octet.common.tensorflow import tflite
from octet.tflite.files.conversion import pack_model
from octet.tflite.running.running import REFERENCE, open_interpreter

RAW, SHIPPED = "uint8_raw.tflite", "detector_uint8.tflite"
PICTURES = 4
SCRIPT = ROOT / "src/octet/commands/packing/check.py"
PACK = ["check.py", "labels.txt", "pictures.npy", "pictures/00.jpg", "uint8_raw.tflite", "uint8_raw.npz"]
FIRST_LINE, OWN_LINE = SCRIPT.read_text().splitlines()[0] + "\n", "# checks that my tools are there\n"


@pytest.fixture(scope="module")
def packed(reproduced: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, which tests copy before they spoil it; what its raw file says depends on the picture."""
    project = Project.new(tmp_path_factory.mktemp("packing"))
    project.take(reproduced, "data", "models")
    side = detection_recipe(project.folder / "params.yaml").model.input_size
    (project.folder / "models/quickstart/tflite" / RAW).write_bytes(two_headed_file(side))
    result = project.octet("pack", "quickstart", "--pictures", str(PICTURES))
    assert result.returncode == 0, result.stderr
    assert "python3 pack/check.py" in result.stdout
    return project.folder / "runs/quickstart/pack"


@pytest.fixture
def device(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "pack"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds numpy and the runtime, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    packages = Path(ai_edge_litert.__file__).parents[1]
    for name in ("numpy", "numpy.libs", "ai_edge_litert"):
        if (packages / name).exists():
            (folder / name).symlink_to(packages / name)
    return folder


@pytest.fixture
def check(device: Path, bare: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run check.py as on a device."""

    def run_check(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-S", str(device / "check.py"), *map(str, words)]
        environment = {"PYTHONPATH": str(bare), "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)

    return run_check


def answers_of(device: Path, name: str) -> dict[str, np.ndarray]:
    return dict(np.load(device / f"{Path(name).stem}.npz"))


def test_everything_is_there_and_the_script_is_short(packed: Path) -> None:
    files = {str(file.relative_to(packed)) for file in packed.rglob("*") if file.is_file()}
    assert files == {
        *(SHIPPED, RAW, "detector_uint8.npz", "uint8_raw.npz"),
        *("labels.txt", "anchors.npy", "check.py", "pictures.npy"),
        *(f"pictures/{number:02d}.jpg" for number in range(PICTURES)),
    }
    assert len((packed / "check.py").read_text().splitlines()) <= 60


def test_where_it_was_packed_all_is_equal(check: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = check()
    assert result.returncode == 0, result.stderr
    shipped, raw = result.stdout.splitlines()
    assert f"{SHIPPED}: equal: right, as LiteRT with XNNPACK" in shipped
    assert f"{RAW}: equal: right, as LiteRT with XNNPACK" in raw


def test_the_right_answers_are_those_of_the_files_byte_for_byte(packed: Path) -> None:
    pictures = np.load(packed / "pictures.npy")
    for name in (SHIPPED, RAW):
        for number, output in enumerate(run(str(packed / name), pictures)):
            assert answers_of(packed, name)[f"0.{number}"].tobytes() == output.tobytes()


def test_a_broken_copy_is_wrong(device: Path, check: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    (device / RAW).write_bytes((device / RAW).read_bytes()[:5000])
    result = check()
    assert result.returncode == 1
    assert f"{RAW}: WRONG: " in result.stdout
    assert f"{SHIPPED}: equal: " in result.stdout


def edit(file: Path, change: Callable[[object], None]) -> None:
    content = file.read_bytes()
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    change(model)
    file.write_bytes(pack_model(model, len(content)))


def spoil_weights(model: tflite.ModelT) -> None:
    """Other weights in the last convolutions: the file runs, and what it says is noise."""
    noise = np.random.default_rng(0)
    for buffer in model.buffers:
        if buffer.data is not None and len(buffer.data) > 500:
            buffer.data = noise.permutation(buffer.data)


def reverse_outputs(model: tflite.ModelT) -> None:
    model.subgraphs[0].outputs = model.subgraphs[0].outputs[::-1]


def test_a_file_of_other_weights_is_no_usual_mistake(
    device: Path, check: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    edit(device / RAW, spoil_weights)
    result = check(device / RAW)
    assert result.returncode == 1
    assert "WRONG: damaged, or a wrong runtime" in result.stdout


def test_outputs_in_another_order_are_told(
    device: Path, check: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    edit(device / RAW, reverse_outputs)
    result = check(device / RAW)
    assert result.returncode == 1
    assert "WRONG: right, as LiteRT with XNNPACK, outputs (1, 0), 0 apart" in result.stdout


def test_an_input_of_another_type_is_told(
    reproduced: Project, check: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    result = check(reproduced.folder / "models/quickstart/tflite/float32.tflite")
    assert result.returncode == 1
    assert "WRONG: input type: it takes float32" in result.stdout


def test_the_reference_kernels_are_recognized(
    device: Path, check: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Their answers are right, to the last byte, though not those of XNNPACK."""
    interpreter = open_interpreter((device / RAW).read_bytes(), kernels=REFERENCE)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.load(device / "pictures.npy")[:1])
    interpreter.invoke()
    codes, _ = (interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details())
    np.save(tmp_path / "codes.npy", codes)
    result = check(tmp_path / "codes.npy")
    assert result.returncode == 0
    assert "codes.npy: equal: right, as LiteRT's " in result.stdout  # builtin kernels may round a small network alike


def test_every_mistake_is_told_by_the_output_that_it_makes(
    device: Path, check: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    answers = answers_of(device, RAW)
    names = [str(name) for name in answers["names"]]
    assert names[int(answers["right"]) :] == list(MISTAKES)
    for number in range(len(names)):
        np.save(tmp_path / f"{number}.npy", answers[f"{number}.0"][0])
    result = check(*(tmp_path / f"{number}.npy" for number in range(len(names))))
    for number, (name, line) in enumerate(zip(names, result.stdout.splitlines(), strict=True)):
        if name.startswith("right"):
            assert f"{number}.npy: equal: right" in line
        elif not name.startswith("letterbox"):  # which does nothing to square pictures, as these are
            assert f"{number}.npy: WRONG: {name}, outputs (0,), 0 apart" in line


def test_a_letterboxed_picture_has_bars_and_one_that_is_cut_has_none() -> None:
    wide = np.full((20, 40, 3), 200, np.uint8)
    wide[:, 10:30] = 50
    boxed, cut = (spoil(np.zeros((8, 8, 3), np.uint8), wide) for name, spoil in MISTAKES.items() if "letterbox" in name)
    assert (boxed[:2] == 114).all()
    assert (boxed[6:] == 114).all()
    assert (boxed[2:6, 0] == 200).all()
    assert (cut == 50).all()


def test_a_classifier_is_packed_likewise(tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = write_classifier_project(tmp_path)
    models = Path("models", recipe.name)
    write_pack(Path("pack"), recipe, [models / recipe.shipped_file, models / "tflite" / "uint8_raw.tflite"], 3)
    result = subprocess.run(
        [sys.executable, "-S", "pack/check.py"],
        env={"PYTHONPATH": str(bare)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(": equal: right") == 2
    assert is_pack(Path("pack"))  # and packing again replaces it


@pytest.mark.parametrize(
    ("names", "first_line", "expected"),
    [
        (PACK, FIRST_LINE, True),
        ([*PACK, "anchors.npy", "pictures/01.jpg"], FIRST_LINE, True),
        (["check.py"], OWN_LINE, False),
        (["check.py", "hammer.txt"], FIRST_LINE, False),
        (PACK, OWN_LINE, False),
        (PACK[:-1], FIRST_LINE, False),
        (PACK[:4], FIRST_LINE, False),
        ([*PACK, "notes.txt"], FIRST_LINE, False),
        ([*PACK, "pictures/holiday.jpg"], FIRST_LINE, False),
        (["letters.txt"], OWN_LINE, False),
    ],
)
def test_only_a_folder_of_what_is_packed_and_nothing_else_is_a_pack(
    tmp_path: Path, names: list[str], first_line: str, expected: bool
) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(first_line)
    assert is_pack(tmp_path) is expected


def test_what_may_be_replaced_beside_a_pack(tmp_path: Path) -> None:
    assert is_replaceable(tmp_path)  # empty
    file = tmp_path / "file"
    file.touch()
    assert not is_replaceable(file)
    assert not is_replaceable(tmp_path)


def test_a_folder_of_other_things_is_not_replaced(reproduced: Project, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    for name, told in (("letters", "was not packed by this command"), ("link", "is a link")):
        result = reproduced.octet("pack", "quickstart", "--out", str(tmp_path / name))
        assert result.returncode == 1
        assert told in result.stderr
    assert (tmp_path / "letters" / "letter.txt").read_text() == "dear"


def test_the_script_runs_on_old_pythons() -> None:
    """tflite-runtime, which older boards have, ends with Python 3.11 and begins before 3.10."""
    script = SCRIPT.read_text()
    for new in ("strict=", "match ", " | None"):
        assert new not in script
