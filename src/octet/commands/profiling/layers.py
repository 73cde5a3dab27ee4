"""The layers of a profile: the times of a file's operators beside what they have to do."""

from typing import Any

from octet.commands.profiling.timing import time_operators
from octet.tflite.cutting.costs import operator_costs

_DECIMALS = 6  # of milliseconds


def measure_layers(content: bytes, threads: int, seconds: float) -> dict[str, Any]:
    """The part of profile.json that is measured, as plain data."""
    costs = operator_costs(content)
    times = time_operators(content, threads, seconds)
    return {
        "rounds": times.rounds,
        "whole_ms": round(1000 * times.whole, _DECIMALS),
        "layers": [
            {
                "layer": cost.name or cost.operator,
                "operator": cost.operator,
                "shape": cost.shape,
                "ms": round(1000 * float(spent), _DECIMALS),
                "macs": cost.macs,
                "weight_bytes": cost.weight_bytes,
                "activation_bytes": cost.activation_bytes,
            }
            for cost, spent in zip(costs, times.operators, strict=True)
        ],
    }
