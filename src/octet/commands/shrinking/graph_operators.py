"""Refuses TensorFlow graphs with operators that call Python, or reach files or the network.

A SavedModel holds no Python code, but its operators run when it is loaded, traced or converted. Only its saver may read
and write checkpoints: TensorFlow gives the saver the name of the file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from octet.common.errors import UserError

_REACHING_OUTSIDE = re.compile(
    "PyFunc|File|Save|Restore|Checkpoint|Reader|Dataset|Summary|Debug|Rpc|Remote|RemapMatrix|VocabRemapping"
    "|DumpTensor|RecordInput|Skipgram|FixedUnigram|CustomCall|SnapshotChunk|^Print|^Abort$"
)
_RESTORING = re.compile("^RestoreV2$")
_SAVING = re.compile("^(RestoreV2|SaveV2|MergeV2Checkpoints|Sharded(Filename|Filespec))$")

Graph = Any  # a GraphDef
MetaGraph = Any  # a MetaGraphDef
Node = Any  # a NodeDef


def refuse_reaching_graph(graph: Graph, path: Path) -> None:
    """Refuse a graph that does more than compute."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    _refuse((node.op for node in nodes if reaches_outside(node.op)), path)


def refuse_reaching_saved_model(meta_graphs: Iterable[MetaGraph], path: Path) -> None:
    """Refuse a SavedModel that does more than compute, except for its saver."""
    for meta_graph in meta_graphs:
        _refuse(_operators_outside_saver(meta_graph), path)


def reaches_outside(operator: str) -> bool:
    """Whether an operator calls Python, or reaches files or the network."""
    return bool(_REACHING_OUTSIDE.search(operator))


def _refuse(operators: Iterable[str], path: Path) -> None:
    names = sorted(set(operators))
    if names:
        raise UserError(
            f"{path}: its graph holds {', '.join(names)}, which can call Python or reach files or the network: "
            "if you trust its author, say --trust; otherwise ask for a model without"
        )


def _operators_outside_saver(meta_graph: MetaGraph) -> Iterator[str]:
    """The operators that reach outside and are not those with which a saver saves or restores."""
    graph, saver = meta_graph.graph_def, meta_graph.saver_def
    nodes = {node.name: node for node in graph.node}
    functions = {function.signature.name: function.node_def for function in graph.library.function}
    saving = _reachable_nodes(nodes, [saver.save_tensor_name])
    restoring = _reachable_nodes(nodes, [saver.restore_op_name])
    saving_functions = _reachable_functions(functions, (nodes[name] for name in saving))
    restoring_functions = _reachable_functions(functions, (nodes[name] for name in restoring))
    others = [node for name, node in nodes.items() if name not in saving | restoring]
    others += [
        node
        for name, body in functions.items()
        if name not in saving_functions | restoring_functions or name in meta_graph.object_graph_def.concrete_functions
        for node in body
    ]
    # What restores runs while a model is loaded; a function of the saver's that others call too is not its own.
    called = _reachable_functions(functions, others)
    parts = [
        (others, None),
        ([node for name in called for node in functions[name]], None),
        ([nodes[name] for name in restoring], _RESTORING),
        ([node for name in restoring_functions for node in functions[name]], _RESTORING),
        ([nodes[name] for name in saving], _SAVING),
        ([node for name in saving_functions for node in functions[name]], _SAVING),
    ]
    for part, allowed in parts:
        yield from (node.op for node in part if reaches_outside(node.op) and not (allowed and allowed.match(node.op)))


def _reachable_nodes(nodes: Mapping[str, Node], roots: Iterable[str]) -> set[str]:
    """The names of the nodes that some depend on, themselves included."""
    waiting, reached = [*roots], set[str]()
    while waiting:
        name = waiting.pop().removeprefix("^").partition(":")[0]
        if name in nodes and name not in reached:
            reached.add(name)
            waiting += nodes[name].input
    return reached


def _reachable_functions(functions: Mapping[str, Iterable[Node]], nodes: Iterable[Node]) -> set[str]:
    """The names of the functions that nodes call, and of those that these call."""
    waiting, reached = [*nodes], set[str]()
    while waiting:
        node = waiting.pop()
        called = {node.op, *(name for value in node.attr.values() for name in _function_names(value))}
        for name in called & functions.keys() - reached:
            reached.add(name)
            waiting += functions[name]
    return reached


def _function_names(value: Any) -> Iterator[str]:
    """The names of the functions in an operator's attribute, whose own attributes can name more."""
    for function in (value.func, *value.list.func):
        if function.name:
            yield function.name
            yield from (name for inner in function.attr.values() for name in _function_names(inner))
