"""How much memory a training needs, and which batch fits into it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from octet.commands.health.finding import Finding
from octet.common.tensorflow import keras
from octet.recipe.shared.recipe import Recipe, TrainFloat, Training
from octet.tasks import registry

_BYTES = 4  # a float32
_RUNTIME = 0.6e9  # TensorFlow itself, with the pages of its libraries
_WEIGHT_COPIES = 5  # a weight, its average, its gradient, and Adam's two moments
_LAYER, _QUANTIZED_LAYER = 1.8e6, 5.0e6  # of the step's graph while TensorFlow optimizes it
_WAITING = 5  # batches: four that are ready, and the one that is computed
_USABLE = 0.9
_MANY_CLASSES = 80  # assumed where the classes are only known when the data have been read


@dataclass(frozen=True)
class Need:
    """The bytes that a training takes: in any case, for its graph, and for each picture at once.

    A step that computes a batch in one part gives back what its graph took before the activations come, and those of
    the teacher as soon as they were used; one that computes it in several parts keeps the graph's, and of the
    teacher's now more, now less, as its threads happen to meet: half of them are counted.
    """

    fixed: float
    graph: float
    each: float
    each_in_one_part: float

    def of(self, pictures: int, parts: int) -> float:
        """The most that it takes with so many pictures at once, in each of so many parts of a batch."""
        if parts == 1:
            return self.fixed + max(self.graph, pictures * self.each_in_one_part)
        return self.fixed + self.graph + pictures * self.each


def check_memory(recipe: Recipe, trainings: Sequence[str], available: int | None, gpu: bool = False) -> Finding:
    """Check whether the batches of these trainings fit into the memory of their device; if not, say how many parts do.

    The device is a GPU, or the machine.
    """
    device = "GPU" if gpu else "machine"
    if available is None:
        return Finding("note", "memory", f"{device}: its size is not known")
    plans: dict[str, Training] = {name: getattr(recipe, name) for name in trainings}
    needs = {name: memory_need(recipe, name, gpu) for name in plans}
    # Replicas on GPUs have a memory each, those on parts of a CPU the same; of several processes, one is judged.
    apart = {name: gpu or plan.strategy.kind != "mirrored" for name, plan in plans.items()}
    shares = {name: plan.strategy.replicas if apart[name] else 1 for name, plan in plans.items()}
    at_once = {name: plan.pictures_at_once // shares[name] for name, plan in plans.items()}
    most = {name: needs[name].of(at_once[name], plan.parts) for name, plan in plans.items()}
    name = max(most, key=most.__getitem__)
    plan, need = plans[name], needs[name]
    text = (
        f"{device}: {available / 1e9:.1f} GB; {at_once[name]} pictures at once in {name} "
        f"need about {most[name] / 1e9:.1f} GB"
    )
    usable = _USABLE * available
    if most[name] <= usable:
        return Finding("ok", "memory", text)
    batch, step = plan.batch // shares[name], plan.at_once
    enough = [
        count
        for count in range(step, batch + 1, step)
        if batch % count == 0 and need.of(batch // count * step, count // step) <= usable
    ]
    if not enough:
        return Finding("FAIL", "memory", text, "not even one picture fits: free memory, or a smaller model")
    uncompiled = " and xla to false: in micro-batches, compiling takes too long" if plan.xla else ""
    return Finding("FAIL", "memory", text, f"set {recipe.name}.{name}.micro_batches to {enough[0]} or more{uncompiled}")


def memory_need(recipe: Recipe, training: str, gpu: bool = False) -> Need:
    """What a training, `train_float` or `train_qat`, needs of the machine or of a GPU, by its network's layers."""
    names = recipe.dataset.classes
    classes = [""] * _MANY_CLASSES if names == "found" else names
    network = registry.network(recipe, classes)
    model, plan = network.build(), getattr(recipe, training)
    if isinstance(plan, TrainFloat):
        network.backbone.freeze(model, plan.frozen_blocks)
    frozen = [number for number, layer in enumerate(model.layers) if layer.weights and not layer.trainable]
    learning = model.layers[max(frozen, default=-1) + 1 :]  # no gradient needs what comes before
    if getattr(plan, "freeze_batch_norm", False):  # its gradient needs nothing of the pictures
        learning = [layer for layer in learning if not isinstance(layer, keras.layers.BatchNormalization)]
    activations = sum(math.prod(tensor.shape[1:]) for layer in learning for tensor in _listed(layer.output))
    # Whether a GPU gives the teacher's back early, nobody has measured.
    each = _bytes_kept(plan, of_teacher=1 if gpu else 0.5) * activations
    each_in_one_part = _bytes_kept(plan, of_teacher=1 if gpu else 0) * activations
    weights = _WEIGHT_COPIES * _BYTES * model.count_params()
    if gpu:  # the graph, TensorFlow and all batches but one are in the machine's memory
        return Need(weights + _batch(recipe, plan), 0, each, each_in_one_part)
    fixed = _RUNTIME + weights + _waiting(recipe, plan)
    layer = _LAYER if isinstance(plan, TrainFloat) else _QUANTIZED_LAYER
    return Need(fixed, layer * len(model.layers), each, each_in_one_part)


def _bytes_kept(plan: Training, of_teacher: float) -> float:
    """The bytes kept of an activation; fake quantization keeps the rounded too, and this share of the teacher's."""
    if isinstance(plan, TrainFloat):
        return _BYTES / 2 if plan.precision == "bfloat16" else _BYTES
    taught = getattr(plan, "distillation_weight", 0.0) > 0
    return _BYTES * (2 + (of_teacher if taught else 0))


def _waiting(recipe: Recipe, plan: Training) -> float:
    """The bytes of batches that wait, and of the records, if they are here, all of which are held for shuffling."""
    records = Path("data", recipe.name, "records").glob("train-*.tfrecord")
    return _WAITING * _batch(recipe, plan) + sum(file.stat().st_size for file in records)


def _batch(recipe: Recipe, plan: Training) -> float:
    """The bytes of a batch of pictures."""
    return plan.batch * recipe.model.input_size**2 * 3 * _BYTES


def memory_of_machine() -> int:
    """The bytes that this process may use: the machine's, or less where its container has a limit."""
    total = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.exists() else "max"
    return total if allowed == "max" else min(total, int(allowed))


def peak_memory() -> int:
    """The most bytes that this process has had at once. (`getrusage` counts the process that started it, too.)"""
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return 1024 * int(kilobytes)


def _listed(output: object) -> list:
    return output if isinstance(output, list) else [output]
