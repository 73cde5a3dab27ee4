"""Score the outputs of every variant on the test split, and compute the change at each step; no network runs.

Reads:  data/RECIPE/records, reports/RECIPE/{detections or outputs,files.json}
Writes: reports/RECIPE/{evaluation,metrics}.json, reports/RECIPE/{ledger.csv,curves/*.csv}
Usage:  python src/score.py RECIPE
"""

from pathlib import Path

from octet.common.files import atomic_folder, read_json, require_output
from octet.data.reading.records import read_class_names
from octet.measuring.bootstrap import draw_resamples
from octet.measuring.evaluation import Evaluation, TestSet, Variant, write_evaluation
from octet.measuring.files import read_files
from octet.measuring.gate import judge_gate
from octet.measuring.ledger import compare_steps, compute_ledger, write_ledger
from octet.measuring.metrics import write_metrics
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry
from octet.tflite.running.variants import KERAS


def main(recipe: Recipe) -> None:
    reports = Path("reports", recipe.name)
    records = require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    outputs = require_output(reports / recipe.outputs_folder, f"evaluate@{recipe.name}")
    files, classes = read_files(reports / "files.json", recipe), read_class_names(records)
    scoring = registry.scoring(recipe, classes, records)
    draws = draw_resamples(scoring.images, recipe.score.bootstrap, recipe.score.seed)

    variants, exact, resampled, comparable = {}, {}, {}, {}
    with atomic_folder(reports / "curves") as curves:
        for name in (*KERAS, *files):
            matched = scoring.match_predictions(read_json(outputs / f"{name}.json", f"evaluate@{recipe.name}"))
            file = {"bytes": files[name].bytes, "sha256": files[name].sha256} if name in files else {}
            variants[name] = Variant.model_validate({**scoring.scores(matched), **file})
            exact[name], resampled[name] = scoring.exact_metrics(matched), scoring.resampled_metrics(matched, draws)
            comparable[name] = scoring.comparable(matched)
            scoring.write_curve(matched, curves / f"{name}.csv")
            told = (f"{recipe.metrics[metric]} {variants[name][metric]:.4f}" for metric in recipe.max_drops)
            print(f"{name}: {', '.join(told)}", flush=True)
    steps = compute_ledger(recipe.max_drops, exact, resampled)
    evaluation = Evaluation(
        dataset=TestSet(recipe=recipe.name, task=recipe.task, images=scoring.images, classes=classes),
        variants=variants,
        ledger=tuple(steps),
        comparisons=tuple(compare_steps(scoring.compare, comparable)),
        gate=judge_gate(variants, steps, files, recipe),
    )
    write_evaluation(reports / "evaluation.json", evaluation)
    write_ledger(reports / "ledger.csv", evaluation.ledger)
    write_metrics(reports / "metrics.json", evaluation, recipe.max_drops)


if __name__ == "__main__":
    stage.run(main, __doc__)
