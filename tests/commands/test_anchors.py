"""How well anchors fit is said of any recipe whose records are there."""

import json

from conftest import Project


def test_the_table_counts_every_object_of_train_and_val(reproduced: Project) -> None:
    result = reproduced.octet("anchors", "quickstart")
    assert result.returncode == 0, result.stderr
    *rows, total = [
        line.split() for line in result.stdout.splitlines() if line.split()[0] in ("from", "all") or " to " in line
    ]
    objects = sum(int(row[-3]) for row in rows)
    assert objects == int(total[1])
    known = json.loads((reproduced.folder / "data/quickstart/dataset.json").read_text())["splits"]
    assert objects == known["train"]["objects"] + known["val"]["objects"]
    assert "of 28 pictures" in result.stdout


def test_without_records_it_says_what_makes_them(project: Project) -> None:
    result = project.octet("anchors", "quickstart")
    assert result.returncode == 1
    assert "dvc repro preprocess@quickstart" in result.stderr
