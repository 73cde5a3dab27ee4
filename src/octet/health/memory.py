"""How much memory a training needs, and the batch that fits."""

import math
from pathlib import Path

import psutil

from octet.detector.model import build_detector
from octet.health.finding import Finding
from octet.recipe import Recipe

_BYTES = 4  # a float32
_RUNTIME = 1.0e9  # TensorFlow itself, and the pictures that wait
_KEPT = 2  # each activation, and its gradient
_WEIGHT_COPIES = 4  # a weight, its gradient, and Adam's two moments
_USABLE = 0.9
_MANY_CLASSES = 80  # where they are not known before the data are read


def check_memory(recipe: Recipe, device: str, available: int | None) -> Finding:
    """Whether both trainings' batches fit into the memory that there is; if not, the largest that does."""
    if available is None:
        return Finding("note", "memory", f"{device}: its size is not known")
    batch = max(recipe.train_float.batch, recipe.train_qat.batch)
    fixed, each = needs(recipe)
    text = f"{device}: {available / 1e9:.1f} GB; a batch of {batch} needs about {(fixed + batch * each) / 1e9:.1f} GB"
    fits = int((_USABLE * available - fixed) / each)
    if fits >= batch:
        return Finding("ok", "memory", text)
    largest = 2 ** int(math.log2(fits)) if fits > 0 else 0
    if not largest:
        return Finding("FAIL", "memory", text, "not even one picture fits: free memory, or a smaller model")
    return Finding("FAIL", "memory", text, f"set batch to {largest} or less in {recipe.name}'s trainings")


def needs(recipe: Recipe) -> tuple[float, float]:
    """Bytes that a training needs in any case, and for each picture of a batch: an estimate from the layers' sizes."""
    classes = _MANY_CLASSES if recipe.dataset.classes == "found" else len(recipe.dataset.classes)
    model = build_detector(recipe.model, classes)
    outputs = [tensor for layer in model.layers for tensor in _listed(layer.output)]
    activations = sum(math.prod(tensor.shape[1:]) for tensor in outputs)
    return _RUNTIME + _WEIGHT_COPIES * _BYTES * model.count_params(), _KEPT * _BYTES * activations


def memory_of_machine() -> int:
    """What this process may use: less than the machine has where its container has a limit."""
    total = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    said = limit.read_text().strip() if limit.exists() else "max"
    return total if said == "max" else min(total, int(said))


def _listed(output: object) -> list:
    return output if isinstance(output, list) else [output]
