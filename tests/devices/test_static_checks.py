"""What is said of a file without running it: the Edge TPU's list, TensorFlow Lite Micro's operators, Vela's summary."""

from pathlib import Path

import pytest

from conftest import ROOT, Project
from octet.common.tensorflow import tflite
from octet.devices.edge_tpu import EdgeTpu, edge_tpu_faults
from octet.devices.ethos_u import compiled
from octet.devices.protocol import AbsentError, RefusedError, Trial
from octet.devices.tflite_micro import function_of, resolver_lines
from octet.tflite.files.conversion import pack_model

SUMMARY = """inference_time,sram_memory_used,dram_memory_used,on_chip_flash_memory_used,off_chip_flash_memory_used
0.00192,257.98,0.0,0.0,588.31
"""


@pytest.fixture
def models(reproduced: Project) -> Path:
    return reproduced.folder / "models" / "quickstart"


def test_the_edge_tpus_list_allows_the_integer_file(models: Path) -> None:
    assert edge_tpu_faults((models / "tflite" / "uint8_raw.tflite").read_bytes()) == []


def test_the_edge_tpus_list_allows_no_custom_operator_and_no_float(models: Path) -> None:
    faults = edge_tpu_faults((models / "detector_uint8.tflite").read_bytes())
    assert "TFLite_Detection_PostProcess is not in the list" in faults
    assert "MAXIMUM takes or gives other values than 8-bit integers" in faults


def test_the_page_quotes_what_is_said_of_the_edge_tpu(models: Path) -> None:
    """Of all recipes' files, which have the same operators."""
    page = (ROOT / "docs" / "devices.md").read_text()
    for variant, file in (("uint8_raw", "tflite/uint8_raw.tflite"), ("uint8", "detector_uint8.tflite")):
        trial = Trial(models / file, models, models, models, outputs=0, labels=(), scratch=models)
        with pytest.raises((AbsentError, RefusedError)) as error:
            EdgeTpu().run(trial)
        status = "refused" if error.type is RefusedError else "absent"
        rows = [line for line in page.splitlines() if line.startswith(f"| `edge-tpu` | `{variant}` |")]
        assert rows == [f"| `edge-tpu` | `{variant}` |  |  |  | {status}: {error.value} |"] * 2


def test_the_edge_tpus_list_allows_no_later_version(models: Path) -> None:
    content = (models / "tflite" / "uint8_raw.tflite").read_bytes()
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    code = next(code for code in model.operatorCodes if code.builtinCode == tflite.BuiltinOperator.CONV_2D)
    code.version = 99
    faults = edge_tpu_faults(pack_model(model, len(content)))
    assert faults == ["CONV_2D has version 99, expected 5 at most"]


@pytest.mark.parametrize(
    ("operator", "function"),
    [
        ("CONV_2D", "Conv2D"),
        ("DEPTHWISE_CONV_2D", "DepthwiseConv2D"),
        ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor"),
        ("PADV2", "PadV2"),
        ("ADD", "Add"),
        ("TFLite_Detection_PostProcess", "DetectionPostprocess"),
    ],
)
def test_the_names_of_the_resolvers_functions(operator: str, function: str) -> None:
    assert function_of(operator) == function


def test_each_operator_is_registered_once(models: Path) -> None:
    first, *calls = resolver_lines(models / "tflite" / "uint8_raw.tflite")
    assert first == f"tflite::MicroMutableOpResolver<{len(calls)}> resolver;"
    assert len(set(calls)) == len(calls)
    assert "resolver.AddDepthwiseConv2D();" in calls


def test_what_the_compiler_for_ethos_u_left_to_the_cpu(tmp_path: Path) -> None:
    summary = tmp_path / "summary.csv"
    summary.write_text(SUMMARY)
    said = (
        "Warning (supported operators) operator: CUSTOM, ofm: 'a:0'\nReason: Unsupported opType\n\n"
        "CPU operators = 7 (4.9%)\nNPU operators = 136 (95.1%)\n"
    )
    assert compiled(said, summary) == (
        "compiles: 136 of 143 operations on the NPU; by its estimate 1.92 ms, 258 KiB SRAM, 588 KiB flash or DRAM; "
        "on the CPU: CUSTOM (Unsupported opType)"
    )
