"""How much memory a training needs, and the batch that fits."""

import math
from pathlib import Path

import psutil

from octet.commands.health.finding import Finding
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry

_BYTES = 4  # a float32
_RUNTIME = 1.2e9  # TensorFlow itself, the pictures that wait, and what is not kept for the way back
_WEIGHT_COPIES = 5  # a weight, its average, its gradient, and Adam's two moments
_USABLE = 0.9
_MANY_CLASSES = 80  # where they are not known before the data are read


def check_memory(recipe: Recipe, device: str, available: int | None) -> Finding:
    """Whether both trainings' batches fit into the memory that there is; if not, in how many micro-batches they do."""
    if available is None:
        return Finding("note", "memory", f"{device}: its size is not known")
    fixed, each = needs(recipe)
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


def needs(recipe: Recipe) -> tuple[float, float]:
    """Bytes that float training needs in any case, and for each picture at once: an estimate from the layers' sizes."""
    named = recipe.dataset.classes
    classes = [""] * _MANY_CLASSES if named == "found" else named
    model = registry.network(recipe, classes).build()
    kept = [tensor for layer in model.layers for tensor in _listed(layer.output)]  # for the gradients
    activations = sum(math.prod(tensor.shape[1:]) for tensor in kept)
    return _RUNTIME + _WEIGHT_COPIES * _BYTES * model.count_params(), _BYTES * activations


def _copies(recipe: Recipe) -> dict[str, int]:
    """How often a training keeps an activation; fake quantization as it was, as rounded, and as its teacher has it."""
    return {"train_float": 1, "train_qat": 3 if recipe.train_qat.distillation_weight else 2}


def memory_of_machine() -> int:
    """What this process may use: less than the machine has where its container has a limit."""
    total = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    said = limit.read_text().strip() if limit.exists() else "max"
    return total if said == "max" else min(total, int(said))


def _listed(output: object) -> list:
    return output if isinstance(output, list) else [output]
