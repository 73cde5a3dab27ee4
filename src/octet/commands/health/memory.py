"""How much memory a training needs, and which batch fits into it."""

import math
from pathlib import Path

import psutil

from octet.commands.health.finding import Finding
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry

_BYTES = 4  # a float32
_RUNTIME = 1.2e9  # TensorFlow itself, pictures that wait, and activations that no gradient needs
_WEIGHT_COPIES = 5  # a weight, its average, its gradient, and Adam's two moments
_USABLE = 0.9
_MANY_CLASSES = 80  # assumed where the classes are only known when the data have been read


def check_memory(recipe: Recipe, device: str, available: int | None) -> Finding:
    """Check whether both trainings' batches fit into the memory; if not, say how many micro-batches do."""
    if available is None:
        return Finding("note", "memory", f"{device}: its size is not known")
    fixed, each = memory_needs(recipe)
    plans = {"train_float": recipe.train_float, "train_qat": recipe.train_qat}
    copies = _copies(recipe)
    name = max(plans, key=lambda training: copies[training] * plans[training].batch // plans[training].micro_batches)
    plan, each = plans[name], copies[name] * each
    at_once = plan.batch // plan.micro_batches
    needed = (fixed + at_once * each) / 1e9
    text = f"{device}: {available / 1e9:.1f} GB; {at_once} pictures at once in {name} need about {needed:.1f} GB"
    fits = int((_USABLE * available - fixed) / each)
    if fits >= at_once:
        return Finding("ok", "memory", text)
    enough = [count for count in range(1, plan.batch + 1) if plan.batch % count == 0 and plan.batch // count <= fits]
    if not enough:
        return Finding("FAIL", "memory", text, "not even one picture fits: free memory, or a smaller model")
    uncompiled = " and xla to false: in micro-batches, compiling takes too long" if plan.xla else ""
    return Finding("FAIL", "memory", text, f"set {recipe.name}.{name}.micro_batches to {enough[0]} or more{uncompiled}")


def memory_needs(recipe: Recipe) -> tuple[float, float]:
    """The bytes that float training takes in any case, and for each picture at once, estimated from the layers."""
    names = recipe.dataset.classes
    classes = [""] * _MANY_CLASSES if names == "found" else names
    model = registry.network(recipe, classes).build()
    kept = [tensor for layer in model.layers for tensor in _listed(layer.output)]  # for the gradients
    activations = sum(math.prod(tensor.shape[1:]) for tensor in kept)
    return _RUNTIME + _WEIGHT_COPIES * _BYTES * model.count_params(), _BYTES * activations


def _copies(recipe: Recipe) -> dict[str, int]:
    """How many copies of an activation a training keeps: with fake quantization also the rounded, and the teacher's."""
    return {"train_float": 1, "train_qat": 3 if recipe.train_qat.distillation_weight else 2}


def memory_of_machine() -> int:
    """The bytes that this process may use: the machine's, or less where its container has a limit."""
    total = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.exists() else "max"
    return total if allowed == "max" else min(total, int(allowed))


def _listed(output: object) -> list:
    return output if isinstance(output, list) else [output]
