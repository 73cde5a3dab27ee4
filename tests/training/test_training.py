"""What surrounds the steps: the schedule, the best weights, checkpoints, requests to stop, and the scratch folder."""

import io
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from octet.common.errors import UserError
from octet.common.interruption import stop_requested
from octet.common.tensorflow import keras, tf
from octet.training.checkpoints import Checkpoints
from octet.training.history import History
from octet.training.kept import KeptWeights
from octet.training.loop import Duration
from octet.training.schedule import WarmupCosine
from octet.training.scratch import checkpoint_folder


def one_weight(value: float = 0.0) -> keras.Model:
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.set_weights([np.array([[value]], np.float32)])
    return model


def test_the_learning_rate_rises_then_falls_to_zero() -> None:
    schedule = WarmupCosine(0.4, 4, 20)
    rates = [float(schedule(tf.constant(step))) for step in range(21)]
    assert rates[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[12] == pytest.approx(0.2)
    assert rates[20] == pytest.approx(0.0, abs=1e-6)
    assert float(schedule.scaled(0.1)(12)) == pytest.approx(0.02)


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    scores = iter([0.5, 0.7, 0.7, 0.6])
    best = KeptWeights(lambda _: next(scores), "best")
    for value in range(4):
        best.score_and_keep(one_weight(value))
    model = one_weight()
    (tmp_path / "weights.h5").write_bytes(best.content)
    model.load_weights(tmp_path / "weights.h5")
    assert model.get_weights()[0].item() == 2.0  # the later of two equals
    assert best.score == 0.7


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_never_the_best(wrong: float) -> None:
    """A last step can make them so, after the last check of the loss."""
    best = KeptWeights(lambda _: 0.0, "best")
    best.score_and_keep(one_weight())
    with pytest.raises(UserError, match=r"diverged \(dense.*kernel:0 is not finite\): lower learning_rate"):
        best.score_and_keep(one_weight(wrong))


def test_the_last_epoch_is_always_validated() -> None:
    duration = Duration(total_steps=30, steps_per_epoch=5, validate_every=4)
    assert [epoch for epoch in range(1, 7) if duration.is_validated(epoch)] == [4, 6]


def test_a_part_of_an_epoch_is_one_more() -> None:
    duration = Duration(total_steps=12, steps_per_epoch=5, validate_every=4)
    assert duration.epochs == 3
    assert [epoch for epoch in range(1, 4) if duration.is_validated(epoch)] == [3]


def test_history_goes_on_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    whole, first, second = (History(tmp_path / name, 2, 8, "val_map") for name in ("whole", "first", "second"))
    losses = [{"boxes": 0.1 * step, "classes": 1.0 / (step + 1)} for step in range(4)]
    for history, steps in ((whole, losses), (first, losses[:3])):
        for step, step_losses in enumerate(steps, start=1):
            history.add_step(step_losses)
            if step == 2:
                history.end_epoch(1, 0.1, None)
    second.load_state(first.state())
    second.add_step(losses[3])
    for history in (whole, second):
        history.end_epoch(2, 0.05, 0.75)
    assert second.as_csv() == whole.as_csv()
    header, first_row, second_row = whole.as_csv().splitlines()
    assert header == "epoch,loss,boxes_loss,classes_loss,learning_rate,val_map"
    assert first_row == "1,0.8,0.05,0.75,0.1,"
    assert second_row.endswith(",0.05,0.75")


class Saved:
    """The checkpoints of one variable."""

    def __init__(self, folder: Path, training: str = "t", shape: int = 3, seconds: float = 0.0) -> None:
        self.variable = tf.Variable(tf.zeros(shape))
        self.checkpoints = Checkpoints(folder, training, {"weights": [self.variable]}, seconds)

    def save(self, step: int) -> None:
        self.variable.assign(tf.fill(self.variable.shape, float(step)))
        self.checkpoints.save(step, {"history": [step]}, best=b"weights\0")


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Checkpoints of the steps 1 to 4."""
    saved = Saved(tmp_path)
    for step in range(1, 5):
        saved.save(step)
    return saved


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def goes_on_from(folder: Path) -> int | None:
    """The step that a training goes on from, with that step's variables; None where it begins anew."""
    restored = Saved(folder)
    checkpoint = restored.checkpoints.restore()
    step = checkpoint[0]["step"] if checkpoint else None
    assert restored.variable.numpy().tolist() == [step or 0] * 3
    return step


NEWEST, BEFORE = "step-000000004.checkpoint", "step-000000003.checkpoint"


@pytest.mark.usefixtures("saved")
def test_the_last_two_checkpoints_are_kept(tmp_path: Path) -> None:
    assert names(tmp_path) == [BEFORE, NEWEST]
    restored = Saved(tmp_path)
    assert restored.checkpoints.restore() == ({"training": "t", "step": 4, "history": [4]}, b"weights\0")
    assert restored.variable.numpy().tolist() == [4, 4, 4]


def test_a_checkpoint_is_due_when_the_last_is_old(tmp_path: Path) -> None:
    assert Saved(tmp_path, seconds=0.0).checkpoints.is_due()
    assert not Saved(tmp_path, seconds=1000.0).checkpoints.is_due()


@pytest.mark.usefixtures("saved")
def test_no_byte_of_a_checkpoint_can_change_unnoticed(tmp_path: Path) -> None:
    whole = (tmp_path / NEWEST).read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        (tmp_path / NEWEST).write_bytes(changed)
        assert goes_on_from(tmp_path) == 3, position
    (tmp_path / NEWEST).write_bytes(whole)
    assert goes_on_from(tmp_path) == 4


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def grown(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"more")


def of_another_step(file: Path) -> None:
    file.write_bytes(file.with_name(BEFORE).read_bytes()[:32] + file.read_bytes()[32:])


def a_folder(file: Path) -> None:
    file.unlink()
    (file / "something").mkdir(parents=True)


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def a_link_to_nothing(file: Path) -> None:
    file.unlink()
    file.symlink_to("nothing")


def unreadable(file: Path) -> None:
    """Reading it fails for root as well."""
    file.unlink()
    file.symlink_to("/proc/self/mem")


DAMAGES = [cut, empty, grown, of_another_step, a_folder, a_pipe, a_link_to_nothing, unreadable]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused_for_the_one_before(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None]
) -> None:
    damage(tmp_path / NEWEST)
    assert goes_on_from(tmp_path) == 3
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{tmp_path / NEWEST} is ")
    assert line.endswith(": not going on from it")
    saved.save(4)
    assert goes_on_from(tmp_path) == 4


@pytest.mark.parametrize("damage", DAMAGES[:3] + DAMAGES[4:])
def test_a_damaged_older_checkpoint_is_in_nobodys_way(
    saved: Saved, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(tmp_path / BEFORE)
    assert goes_on_from(tmp_path) == 4
    for step in (5, 6):
        saved.save(step)
    assert goes_on_from(tmp_path) == 6


@pytest.mark.usefixtures("saved")
def test_where_no_checkpoint_is_whole_the_training_begins_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (BEFORE, NEWEST):
        cut(tmp_path / name)
    assert goes_on_from(tmp_path) is None
    *refused, last = capsys.readouterr().out.splitlines()
    assert len(refused) == 2
    assert last == "no checkpoint is left: beginning anew"
    assert goes_on_from(tmp_path) is None
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("training", "shape", "reason"),
    [("other", 3, "of another training (t, this one is other)"), ("t", 2, "another network")],
)
def test_a_foreign_checkpoint_is_refused_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], training: str, shape: int, reason: str
) -> None:
    restored = Saved(tmp_path, training, shape)
    assert restored.checkpoints.restore() is None
    assert restored.variable.numpy().tolist() == [0] * shape
    assert reason in capsys.readouterr().out


@contextmanager
def full_disk() -> Iterator[None]:
    """A file of more than 100 bytes is refused by the system, as a full disk refuses it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_no_checkpoint(saved: Saved, tmp_path: Path) -> None:
    with full_disk(), pytest.raises(UserError, match=r"cannot write a checkpoint: .*File too large"):
        saved.save(5)
    assert goes_on_from(tmp_path) == 4
    assert names(tmp_path) == [BEFORE, NEWEST]


def test_events_that_cannot_be_written_are_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("")
    with pytest.raises(UserError, match=f"cannot write TensorBoard's events to {tmp_path}/events: "):
        History(tmp_path / "events", 2, 8, "val_map")


def write_score(_: keras.Model) -> None:
    tf.summary.scalar("score", 0.5)


@pytest.mark.parametrize(
    "write",
    [
        lambda history: history.start(0.5),
        lambda history: history.write_hparams({"batch": 8}),
        lambda history: history.end_epoch(1, 0.1, 0.5),
        lambda history: history.write_summaries(1, one_weight()),
    ],
    ids=["start", "hparams", "epoch", "summaries"],
)
def test_events_that_fill_the_disk_are_told(tmp_path: Path, write: Callable[[History], object]) -> None:
    history = History(tmp_path, 2, 8, "val_map", [write_score])
    history.add_step({"boxes": 1.0})
    with full_disk(), pytest.raises(UserError, match=r"cannot write TensorBoard's events to .*File too large"):
        write(history)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_the_first_request_to_stop_waits_and_a_second_by_ctrl_c_does_not(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_requested() as is_stop_requested:
        assert not is_stop_requested()
        os.kill(os.getpid(), number)
        assert is_stop_requested()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_count_once_however_often_they_come(
    capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    """A scheduler's may come from it and from the process that started this one, a terminal's from it and its shell."""
    with stop_requested() as is_stop_requested:
        for _ in range(3):
            os.kill(os.getpid(), number)
        assert is_stop_requested()
    assert capsys.readouterr().out == "stopping after this step\n"


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As under nohup, which has a program outlive its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_requested() as is_stop_requested:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not is_stop_requested()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_request_to_stop_counts_where_nobody_reads_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Ctrl-C ends `tee` at once, which the output is piped to."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, write_through=True))
        with stop_requested() as is_stop_requested:
            os.kill(os.getpid(), signal.SIGINT)
            assert is_stop_requested()


def test_a_second_interruption_while_a_checkpoint_is_saved_loses_none(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both come when the checkpoint is written, and has not got its name yet."""

    def interrupt_twice(_: int) -> None:
        assert (tmp_path / "step-000000005.checkpoint.partial").exists()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "fsync", interrupt_twice)
    with stop_requested(), pytest.raises(KeyboardInterrupt):
        saved.save(5)
    assert goes_on_from(tmp_path) == 4
    assert names(tmp_path) == [BEFORE, NEWEST]


def test_two_trainings_at_once_are_refused(tmp_path: Path) -> None:
    with checkpoint_folder(tmp_path, {}, []) as folder:
        with (
            pytest.raises(UserError, match=f"{tmp_path}: another training is running here"),
            checkpoint_folder(tmp_path, {"other": "parameters"}, []),
        ):
            raise AssertionError
        assert folder.exists()


@pytest.mark.parametrize("name", ["ended", "tensorboard", "unfinished-000000000000"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_in_the_way_is_told_before_the_training(tmp_path: Path, name: str, kind: str) -> None:
    """Not after it, as the same thing would be that it meets at its end."""
    if kind == "file":
        (tmp_path / name).write_text("")
    else:
        (tmp_path / name).symlink_to(tmp_path.parent, target_is_directory=True)
    with checkpoint_folder(tmp_path, {}, []) as folder:
        assert names(tmp_path) == ["lock", folder.name]
    assert tmp_path.parent.exists()


def test_only_the_same_training_is_continued(tmp_path: Path) -> None:
    """A training with other parameters or data finds an empty folder; one that ended leaves no folder."""
    data = tmp_path / "data"
    data.write_text("a")
    root = tmp_path / "scratch"

    def interrupted(inputs: object) -> bool:
        """Leave a checkpoint in the folder, as a kill would; whether the folder had one before."""
        with pytest.raises(KeyboardInterrupt), checkpoint_folder(root, inputs, [data]) as folder:
            had_checkpoint = (folder / "checkpoint").exists()
            (folder / "checkpoint").touch()
            raise KeyboardInterrupt
        return had_checkpoint

    assert [interrupted({"epochs": 3}), interrupted({"epochs": 3}), interrupted({"epochs": 4})] == [False, True, False]
    data.write_text("b")
    assert not interrupted({"epochs": 4})
    with checkpoint_folder(root, {"epochs": 4}, [data]) as folder:
        assert (folder / "checkpoint").exists()
    assert names(root) == ["lock"]


def test_the_last_weights_are_kept_where_a_recipe_asks_for_them(tmp_path: Path) -> None:
    scores = iter([0.5, 0.7, 0.6])
    kept = KeptWeights(lambda _: next(scores), "last")
    for value in range(3):
        kept.score_and_keep(one_weight(value))
    model = one_weight()
    (tmp_path / "weights.h5").write_bytes(kept.content)
    model.load_weights(tmp_path / "weights.h5")
    assert model.get_weights()[0].item() == 2.0
