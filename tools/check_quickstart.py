"""See that two runs of `make quickstart` ended as they should.

Usage: python tools/check_quickstart.py FIRST_LOG SECOND_LOG
"""

import json
import subprocess
import sys
from pathlib import Path

VARIANTS = ["float", "control", "qat", "float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw"]
MIN_FLOAT_MAP = 0.95
MAX_CHANGES = {
    ("float", "uint8"): 0.01,
    ("qat", "uint8"): 0.005,
    ("float", "float32"): 0.0005,
    ("float", "float16"): 0.0005,
}
MAPS = ("voc07_map", "voc12_map", "coco_map")
PRINTED = MAPS[1:]


def main(first: Path, second: Path) -> None:
    evaluation = json.loads(Path("reports/quickstart/evaluation.json").read_text())
    scores = {name: variant["voc12_map"] for name, variant in evaluation["variants"].items()}
    lines = first.read_text().splitlines()
    start = max(number for number, line in enumerate(lines) if line.split()[:1] == ["variant"]) + 1
    printed = lines[start : start + len(VARIANTS)]
    table = [line.removeprefix(">").split() for line in printed]
    paths = {words[0]: words[1] for words in map(str.split, lines) if words[:1] in (["model"], ["page"])}
    problems = []
    if [row[0] for row in table] != VARIANTS:
        problems.append(f"the table's rows are {[row[0] for row in table]}, expected {VARIANTS}")
        table = []
    for name, row in zip(VARIANTS, table, strict=False):
        missing = [measure for measure in PRINTED if f"{evaluation['variants'][name][measure]:.4f}" not in row]
        if missing:
            problems.append(f"the table's row of {name} lacks its {', '.join(missing)} of evaluation.json")
    for name in ("model", "page"):
        if not Path(paths.get(name, "").removeprefix("file://")).is_file():
            problems.append(f"the end does not name the {name}'s file: {paths}")
    if scores["float"] < MIN_FLOAT_MAP:
        problems.append(f"float scores {scores['float']}, expected at least {MIN_FLOAT_MAP}")
    for (before, after), limit in MAX_CHANGES.items():
        for measure in MAPS:
            change = evaluation["variants"][after][measure] - evaluation["variants"][before][measure]
            if abs(change) > limit:
                problems.append(f"{measure} changes by {change:+.5f} from {before} to {after}, more than {limit}")
    same_bytes = subprocess.run(["git", "diff", "--quiet", "dvc.lock"]).returncode == 0
    until = lines[start - 1].rfind("MB") + 2  # times are this machine's
    page = Path("docs/pipeline.md").read_text()
    if same_bytes and [line[:until] for line in printed if line[:until] not in page]:
        problems.append("docs/pipeline.md shows another table")
    if not evaluation["gate"]["passed"]:
        problems.append(f"the gate is red: {evaluation['gate']}")
    if "Running stage" in second.read_text():
        problems.append("the second run reran a stage")
    if problems:
        sys.exit("\n".join(problems))
    print("the table, the scores and the paths are as they should be; the second run reran nothing")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
