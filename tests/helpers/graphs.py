"""What TensorFlow's graphs are made of."""

from typing import Any

from octet.common.tensorflow import tf


def nodes(graph: tf.Graph) -> list[Any]:
    """Every node of the graph and of the functions that it calls."""
    definition = graph.as_graph_def()
    return [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
