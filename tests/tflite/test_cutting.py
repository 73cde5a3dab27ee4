"""A cut file computes what the whole file computes up to there; what its operators do is counted as by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from helpers.small_files import SIDE, branched_file, detector_file
from octet.common.tensorflow import tf
from octet.tflite.cutting.costs import operator_costs
from octet.tflite.cutting.cutting import CuttableFile
from octet.tflite.files.conversion import to_float, trace_graph
from octet.tflite.running.operators import list_operators

FILES = {
    "float": lambda: branched_file(integer=False),
    "integer": lambda: branched_file(integer=True),
    "detector": detector_file,
}


def run(content: bytes) -> Interpreter:
    """Run a file on noise with kernels that compute an operator the same whatever comes after it; all tensors stay."""
    interpreter = Interpreter(
        model_content=content,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    (details,) = interpreter.get_input_details()
    noise = np.random.default_rng(1).integers(0, 256, details["shape"]).astype(details["dtype"])
    interpreter.set_tensor(details["index"], noise)
    interpreter.invoke()
    return interpreter


def outputs_of(interpreter: Interpreter) -> dict[int, NDArray[np.generic]]:
    return {details["index"]: interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details()}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_every_cut_gives_the_tensors_of_the_whole_file(make: Callable[[], bytes]) -> None:
    content = make()
    whole, file = run(content), CuttableFile(content)
    operators = list_operators(content)
    for count in range(1, len(operators) + 1):
        cut = file.after(count)
        assert list_operators(cut) == operators[:count]
        given = outputs_of(run(cut))
        assert file.operators[count - 1].outputs[0] in given
        for tensor, values in given.items():
            np.testing.assert_array_equal(values, whole.get_tensor(tensor))
    ends = {tensor for operator in file.operators for tensor in operator.inputs}
    assert set(given) == set(file.open_ends(len(operators))) >= outputs_of(whole).keys() - ends


def test_no_operator_of_a_cut_is_without_a_reader() -> None:
    """Otherwise the runtime may leave it out, and the piece takes less time than it should."""
    file = CuttableFile(branched_file(integer=False))
    for count in range(1, len(file.operators) + 1):
        ends = file.open_ends(count)
        read = {tensor for operator in file.operators[:count] for tensor in operator.inputs}
        assert all(set(operator.outputs) & (read | set(ends)) for operator in file.operators[:count])


@pytest.mark.parametrize("integer", [False, True])
def test_multiplications_and_bytes_are_those_that_a_hand_counts(integer: bool) -> None:
    half, value = SIDE // 2, 1 if integer else 4
    bias = 4
    expected = [
        (half * half * 8 * 3 * 3 * 3, 8 * 27 * value + 8 * bias, (SIDE * SIDE * 3 + half * half * 8) * value),
        (half * half * 8 * 3 * 3, 8 * 9 * value + 8 * bias, 2 * half * half * 8 * value),
        (half * half * 8 * 8, 8 * 8 * value + 8 * bias, 2 * half * half * 8 * value),
        (0, 0, 3 * half * half * 8 * value),
    ]
    costs = operator_costs(branched_file(integer))
    first = [cost for cost in costs if cost.operator in ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD")]
    assert [(cost.macs, cost.weight_bytes, cost.activation_bytes) for cost in first] == expected
    macs = {cost.operator: cost.macs for cost in costs}
    assert macs["TRANSPOSE_CONV"] == half * half * 8 * 2 * 2 * 4
    assert macs["FULLY_CONNECTED"] == 8 * 5
    assert macs["SOFTMAX"] == 0


def test_a_product_of_matrices_is_counted_and_a_custom_operator_is_not() -> None:
    product = trace_graph(tf.matmul, [], tf.TensorSpec([2, 3, 4]), tf.TensorSpec([2, 4, 5]))
    assert [cost.macs for cost in operator_costs(to_float(product))] == [2 * 3 * 4 * 5]
    assert [cost.macs for cost in operator_costs(detector_file()) if "PostProcess" in cost.operator] == [None]
