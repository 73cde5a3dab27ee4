"""No two tensors of a file have the same name: some runtimes tell them apart by nothing else."""

from collections import Counter

import pytest

from conftest import Project
from octet.common.tensorflow import tflite

FILES = ("detector_uint8", *(f"tflite/{name}" for name in ("float32", "float16", "dynamic", "int8_ptq", "uint8_raw")))


@pytest.mark.parametrize("name", FILES)
def test_every_tensor_has_a_name_of_its_own(reproduced: Project, name: str) -> None:
    content = (reproduced.folder / "models" / "quickstart" / f"{name}.tflite").read_bytes()
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    (graph,) = model.subgraphs
    assert [name for name, count in Counter(tensor.name for tensor in graph.tensors).items() if count > 1] == []
    assert not any(b";" in tensor.name for tensor in graph.tensors)
