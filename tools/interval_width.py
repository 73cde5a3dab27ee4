"""Tell how wide the 95 % interval of a change would be if a recipe had fewer test pictures.

Takes as many of its test pictures at random, several times, and computes the interval over each lot.

Reads:  data/RECIPE/records, reports/RECIPE/{detections or outputs}
Usage:  PYTHONPATH=src python tools/interval_width.py RECIPE PICTURES [BEFORE AFTER]    (variants; without: float uint8)
"""

import sys
from pathlib import Path

import numpy as np

from octet.common.files import read_json
from octet.data.reading.records import read_class_names
from octet.measuring.bootstrap import draw_resamples
from octet.recipe.shared.load import load_recipe
from octet.tasks import registry

LOTS = 50


def main(name: str, pictures: int, *variants: str) -> None:
    recipe, records = load_recipe(name), Path("data", name, "records")
    scoring = registry.scoring(recipe, read_class_names(records), records)
    outputs = Path("reports", name, recipe.outputs_folder)
    before, after = (
        scoring.match_predictions(read_json(outputs / f"{variant}.json", f"evaluate@{name}"))
        for variant in variants or ("float", "uint8")
    )
    random = np.random.default_rng(recipe.score.seed)
    widths: dict[str, list[float]] = {metric: [] for metric in recipe.max_drops}
    for _ in range(LOTS):
        lot = random.choice(scoring.images, pictures, replace=False)
        draws = np.zeros((scoring.images, recipe.score.bootstrap), np.float32)
        draws[lot] = draw_resamples(pictures, recipe.score.bootstrap, recipe.score.seed)
        scores, other_scores = (scoring.resampled_metrics(matched, draws) for matched in (before, after))
        for metric, found in widths.items():
            low, high = np.percentile(other_scores[metric] - scores[metric], [2.5, 97.5])
            found.append(high - low)
    for metric, found in widths.items():
        least, median, most = np.percentile(found, [0, 50, 100])
        print(f"{recipe.metrics[metric]}: the interval is {median:.4f} wide ({least:.4f} to {most:.4f} in {LOTS} lots)")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
