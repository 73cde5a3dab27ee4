"""What surrounds the fit: the schedule, the choice of the best weights, the end of a lost training, and the scratch."""

from pathlib import Path

import numpy as np
import pytest

from octet.errors import UserError
from octet.tensorflow import keras, tf
from octet.training.best import BestWeights
from octet.training.fit import StopOnNan
from octet.training.schedule import WarmupCosine
from octet.training.scratch import unfinished


def one_weight(value: float = 0.0) -> keras.Model:
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.set_weights([np.array([[value]], np.float32)])
    return model


def test_the_learning_rate_rises_then_falls_to_zero() -> None:
    rates = [float(WarmupCosine(0.4, 4, 20)(tf.constant(step))) for step in range(21)]
    assert rates[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[12] == pytest.approx(0.2)
    assert rates[20] == pytest.approx(0.0, abs=1e-6)


def test_the_best_weights_are_kept(tmp_path: Path) -> None:
    model, scores = one_weight(), iter([0.5, 0.7, 0.6])
    best = BestWeights(tmp_path / "best.h5", lambda _: next(scores), every=1, epochs=3)
    best.set_model(model)
    for epoch in range(3):
        model.set_weights([np.array([[float(epoch)]], np.float32)])
        best.on_epoch_end(epoch, {})
    model.load_weights(tmp_path / "best.h5")
    assert model.get_weights()[0].item() == 1.0
    assert list(tmp_path.iterdir()) == [tmp_path / "best.h5"]


def test_the_last_epoch_is_always_validated(tmp_path: Path) -> None:
    asked: list[float] = []
    best = BestWeights(tmp_path / "best.h5", lambda _: asked.append(0.5) or 0.5, every=4, epochs=6)  # type: ignore[func-returns-value]
    best.set_model(one_weight())
    logs: list[dict[str, float]] = [{} for _ in range(6)]
    for epoch in range(6):
        best.on_epoch_end(epoch, logs[epoch])
    assert [epoch for epoch in range(6) if "val_map" in logs[epoch]] == [3, 5]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_lost_training_ends(loss: float) -> None:
    StopOnNan().on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(UserError, match=f"became {loss} in epoch 3.*learning_rate"):
        StopOnNan().on_epoch_end(2, {"loss": loss})


def test_only_the_same_training_is_taken_up(tmp_path: Path) -> None:
    """Other parameters or other data find an empty folder, and one that ended leaves none."""
    data = tmp_path / "data"
    data.write_text("a")
    root = tmp_path / "scratch"

    def interrupted(inputs: object) -> bool:
        """Leave a checkpoint behind, as a kill would; whether there was one before."""
        with pytest.raises(KeyboardInterrupt), unfinished(root, inputs, [data]) as folder:
            found = (folder / "checkpoint").exists()
            (folder / "checkpoint").touch()
            raise KeyboardInterrupt
        return found

    assert [interrupted({"epochs": 3}), interrupted({"epochs": 3}), interrupted({"epochs": 4})] == [False, True, False]
    data.write_text("b")
    assert not interrupted({"epochs": 4})
    with unfinished(root, {"epochs": 4}, [data]) as folder:
        assert (folder / "checkpoint").exists()
    assert list(root.iterdir()) == []
