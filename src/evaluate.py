"""Score the Keras detectors and every TFLite file on the test split.

Reads:  data/RECIPE/records, models/RECIPE
Writes: reports/RECIPE/evaluation.json, reports/RECIPE/detections/VARIANT.json, reports/RECIPE/curves/*.csv
Usage:  python src/evaluate.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.dataset.pipeline import picture_batches
from octet.dataset.records import read_labels, read_truths
from octet.evaluation.curves import write_curve
from octet.evaluation.detections import collect, to_coco
from octet.evaluation.gate import judge
from octet.evaluation.keras_model import BATCH
from octet.evaluation.ledger import ledger
from octet.evaluation.score import rank_all, score
from octet.evaluation.variants import run_variant, variant_files
from octet.files import require, whole_folder, write_json
from octet.quantization.operators import require_known
from octet.recipe import Recipe
from octet.training.determinism import make_deterministic


def main(recipe: Recipe) -> None:
    device.use("cpu")
    models, reports = Path("models", recipe.name), Path("reports", recipe.name)
    records = require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    makers = {"float": "train_float", "control": "train_control", "qat": "train_qat"}
    files = variant_files(models)
    for variant, file in files.items():
        require(file, f"{makers.get(variant, 'convert')}@{recipe.name}")
    for names in recipe.evaluate.forbidden_operators.values():
        require_known(names)  # now, not when all is scored
    classes = read_labels(records)
    make_deterministic(seed=0)

    truths = read_truths(records, "test")
    variants, ranked = {}, {}
    with whole_folder(reports / "detections") as detections, whole_folder(reports / "curves") as curves:
        for variant, file in files.items():
            pictures = picture_batches(records, "test", recipe.model.input_size, BATCH)
            found = collect(run_variant(variant, file, pictures.as_numpy_iterator(), recipe, len(classes)), truths)
            ranked[variant] = rank_all(found, truths, classes)
            variants[variant] = score(found, ranked[variant], truths, classes)
            if file.suffix == ".tflite":
                variants[variant]["bytes"] = file.stat().st_size
            write_json(detections / f"{variant}.json", to_coco(found, truths), indent=None)
            write_curve(curves / f"{variant}.csv", ranked[variant], classes)
            print(f"{variant}: VOC12 mAP {variants[variant]['voc12_map']:.4f}", flush=True)
    evaluation = {
        "dataset": {"recipe": recipe.name, "images": len(truths), "classes": classes},
        "variants": variants,
        "ledger": ledger(ranked, recipe.evaluate.bootstrap, recipe.evaluate.seed),
        "gate": judge(variants, files, recipe.evaluate),
    }
    write_json(reports / "evaluation.json", evaluation)


if __name__ == "__main__":
    stage.run(main, __doc__)
