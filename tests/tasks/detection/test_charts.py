"""Charts by class stay readable, and soon drawn, whatever the number of classes is."""

from octet.measuring.evaluation import Variant
from octet.reporting.plots import MOST_CLASSES, count_chart
from octet.tasks.detection.showing.charts import class_chart, precision_recall_curves, weakest_classes

NAMES = [f"class {number:04d}" for number in range(1000)]
SHOWN, LEFT_OUT = NAMES[:MOST_CLASSES], NAMES[MOST_CLASSES:]


def test_of_a_thousand_classes_the_weakest_and_the_rarest_are_drawn() -> None:
    variant = Variant.model_validate(
        {"per_class": {name: {"voc12_ap": number / 1000} for number, name in enumerate(NAMES)}}
    )
    rows = [{"class": name, "recall": "0.5", "precision": "0.5"} for name in NAMES]
    counts = {name: number for number, name in enumerate(NAMES)}
    for chart in (
        class_chart({"float": variant, "uint8": variant}),
        precision_recall_curves({"uint8": rows}, weakest_classes(variant)),
        count_chart(counts, "objects"),
    ):
        assert all(f">{name}<" in chart for name in SHOWN)
        assert not any(f">{name}<" in chart for name in LEFT_OUT)
