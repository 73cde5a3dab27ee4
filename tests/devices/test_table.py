"""What a user reads of each runtime."""

import re
from typing import Any

from octet.devices.results import Devices
from octet.devices.table import devices_table

EQUAL: dict[str, Any] = {"runtime": "litert-xnnpack", "file": "uint8_raw", "version": "2.1.0", "arch": "x86_64"}
CLOSE = EQUAL | {"runtime": "onnxruntime", "version": "1.23.2", "notes": ["[ONNX] 12 nodes", "  one by one"]}
ABSENT: dict[str, Any] = {"runtime": "edge-tpu", "file": "uint8", "arch": "", "status": "absent"}


def test_each_runtime_has_a_row_and_what_is_not_equal_its_reason() -> None:
    rows = {
        "litert-xnnpack": EQUAL
        | {"same_bytes": 1, "max_steps": 0, "score": 0.98765, "milliseconds": 1.234, "memory": 3 << 20}
        | {"kernels": "xnnpack", "status": "equal", "why": "every byte is the same"},
        "onnxruntime": CLOSE
        | {"same_bytes": 0.99999, "max_steps": 1.2345, "score": 0.5, "milliseconds": 20}
        | {"kernels": "mlas", "status": "close", "why": "1 step"},
        "edge-tpu/uint8": ABSENT | {"kernels": "", "why": "no edgetpu_compiler on PATH"},
    }
    devices = Devices.model_validate(
        {"recipe": "r", "file": "f", "sha256": "", "pictures": 3, "metric": "map50", "files": {}, "runtimes": rows}
    )
    lines = devices_table(devices, "mAP50").splitlines()
    cells = [[cell for cell in re.split(r"  +", line) if cell] for line in lines[:4]]
    assert cells == [
        ["runtime", "file", "version", "processor", "same bytes", "steps", "mAP50", "ms", "memory", "verdict"],
        ["litert-xnnpack", "uint8_raw", "2.1.0", "x86_64", "100 %", "0", "0.9877", "1.23", "3072 KiB", "equal"],
        ["onnxruntime", "uint8_raw", "1.23.2", "x86_64", "99.99 %", "1.23", "0.5000", "20.00", "close"],
        ["edge-tpu", "uint8", "absent"],
    ]
    for column in ("same bytes", "steps", "mAP50", "ms"):  # numbers stand below one another
        ends = [line[: lines[0].index(column) + len(column)] for line in lines[:3]]
        assert all(re.search(r"[\w%]$", end) for end in ends)
    assert lines[4:] == [
        "",
        "onnxruntime: close: 1 step",
        "edge-tpu/uint8: absent: no edgetpu_compiler on PATH",
        "",
        "onnxruntime:",
        "[ONNX] 12 nodes",
        "  one by one",
    ]
