"""No training needs a kernel that TensorFlow has on GPUs but refuses to run there under op determinism.

Nothing here needs a GPU: the ops are read from the graphs.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from tensorflow.python.framework.config import disable_op_determinism

from helpers.graphs import nodes
from helpers.small_networks import batches, small_recipe, small_update
from octet.common.determinism import make_deterministic
from octet.common.tensorflow import tf

# Of "A deterministic GPU implementation of ... is not currently available", the ops whose gradient or result that is.
REFUSED = {
    "AdjustContrastv2",
    "Bincount",
    "CropAndResizeGradBoxes",
    "CropAndResizeGradImage",
    "FakeQuantWithMinMaxVarsGradient",
    "FakeQuantWithMinMaxVarsPerChannelGradient",
    "ResizeNearestNeighborGrad",
    "SoftmaxCrossEntropyWithLogits",
    "SparseSoftmaxCrossEntropyWithLogits",
    "SparseTensorDenseMatMul",
}


@pytest.fixture(autouse=True)
def deterministic() -> Iterator[None]:
    """Some functions of TensorFlow choose other ops then."""
    make_deterministic(1)
    yield
    disable_op_determinism()


def refused(graph: tf.Graph) -> set[str]:
    """The kinds of ops in a graph, and in the functions that it calls, that a GPU would refuse."""
    found = nodes(graph)
    frozen = {node.op for node in found if node.op == "FusedBatchNormGradV3" and not node.attr["is_training"].b}
    return {node.op for node in found} & REFUSED | frozen


def updates() -> Iterator[Any]:
    for task in ("detection", "classification"):
        yield pytest.param(task, "train_float", {}, id=f"{task}, float")
        for frozen in (False, True):
            changes = {"freeze_batch_norm": frozen, "freeze_ranges": frozen, "distillation_weight": 0.5}
            yield pytest.param(task, "train_qat", changes, id=f"{task}, 8 bits{', frozen' * frozen}")


@pytest.mark.parametrize(("task", "training", "changes"), updates())
def test_an_update_has_no_such_op(task: str, training: str, changes: dict[str, Any]) -> None:
    recipe = small_recipe(task)
    recipe = recipe.model_copy(update={training: getattr(recipe, training).model_copy(update=changes)})
    update, _ = small_update(recipe, training, tf.distribute.get_strategy())
    (batch,) = batches(task, 1)
    traced = update._step.get_concrete_function(*batch)
    assert refused(traced.graph) == set()
