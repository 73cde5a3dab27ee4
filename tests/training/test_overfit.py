"""What cannot learn eight pictures by heart will not learn thousands."""

from pathlib import Path

from conftest import ROOT
from octet.dataset.records import to_example, write_labels, write_split
from octet.evaluation.validate import Validation
from octet.recipe import TrainFloat, load_recipe
from octet.training.networks import float_networks
from octet.training.run import run_training
from octet.voc import shapes


def test_eight_pictures_are_learnt_by_heart(tmp_path: Path) -> None:
    recipe = load_recipe("quickstart", ROOT / "params.yaml")
    still = {"flip": 0.0, "contrast": 0.0, "brightness": 0.0, "colour": 0.0}
    long = {"epochs": 200, "batch": 8, "validate_every": 200, "learning_rate": 0.01, "warmup_epochs": 10.0}
    given = recipe.train_float.model_dump()
    plan = TrainFloat.model_validate(
        {**given, **long, "average": 0.9, "augmentation": {**given["augmentation"], **still}}
    )
    records = tmp_path / "records"
    records.mkdir()
    examples = [
        to_example(of, picture, shapes.CLASSES) for picture, of in (shapes.render(5, 160, f"{n:06d}") for n in range(8))
    ]
    for split in ("train", "val"):
        write_split(records, split, 1, examples)
    write_labels(records, shapes.CLASSES)
    run_training(
        float_networks(recipe.model, plan, len(shapes.CLASSES), []),
        recipe.model,
        plan,
        records,
        score=Validation(records, recipe.model, shapes.CLASSES).score,
        shows=[],
        starts_from=[],
        scratch=tmp_path / "runs",
        output=tmp_path / "float",
    )
    header, *_, last = (tmp_path / "float" / "history.csv").read_text().splitlines()
    assert float(last.split(",")[header.split(",").index("val_map")]) >= 0.99
