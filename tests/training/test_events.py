"""What a whole training writes for TensorBoard."""

import struct

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from conftest import Project
from octet.data.reading.records import read_pictures


def read_events(project: Project, training: str) -> EventAccumulator:
    folder = project.folder / "runs" / "quickstart" / training / "tensorboard"
    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


def test_the_numbers_of_every_epoch(reproduced: Project) -> None:
    """Those of the trainings that go on from the float network follow on its own."""
    for training, before, last in (("train_float", 0, 6), ("train_control", 6, 8), ("train_qat", 6, 8)):
        events = read_events(reproduced, training)
        for tag in ("loss", "boxes_loss", "classes_loss", "learning_rate", "pictures_per_second"):
            assert [event.step for event in events.Tensors(tag)] == list(range(before + 1, last + 1)), tag
        assert [event.step for event in events.Tensors("val_map")] == list(range(before, last + 1))
        (about,) = events.Tensors("about")
        assert about.step == before
        assert b"Epoch 0" in about.tensor_proto.string_val[0]


def test_the_same_pictures_each_time(reproduced: Project) -> None:
    events = read_events(reproduced, "train_float")
    records = reproduced.folder / "data" / "quickstart" / "records"
    for id, _ in read_pictures(records, "val"):
        shown = [picture for event in events.Tensors(f"val/{id}") for picture in event.tensor_proto.string_val[2:]]
        assert len(shown) == 6
        assert {max(struct.unpack(">II", picture[16:24])) >= 480 for picture in shown} == {True}  # enlarged


def test_weights_and_ranges_of_the_quantized(reproduced: Project) -> None:
    tags = read_events(reproduced, "train_qat").Tags()["tensors"]
    assert sum(tag.startswith("weights/") for tag in tags) > 50
    assert sum(tag.startswith("ranges/") for tag in tags) > 50


def test_the_settings_are_hyperparameters(reproduced: Project) -> None:
    events = read_events(reproduced, "train_qat")
    session = events.SummaryMetadata("_hparams_/session_start_info")
    assert b"learning_rate" in session.plugin_data.content
    assert b"model.alpha" in session.plugin_data.content
