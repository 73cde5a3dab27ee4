"""Whether this machine has the GPUs that a recipe's trainings share a batch over, and whether it has more."""

from octet.commands.health.finding import Finding
from octet.recipe.shared.recipe import Recipe, Training


def check_devices(recipe: Recipe, gpus: int) -> list[Finding]:
    """A failure where a training wants more GPUs than there are, a note where it leaves some unused."""
    plans = {"train_float": recipe.train_float, "train_qat": recipe.train_qat}
    return [
        finding
        for name, plan in plans.items()
        if plan.device == "gpu" and gpus and (finding := _check(f"{recipe.name}.{name}", plan, gpus))
    ]


def _check(section: str, plan: Training, gpus: int) -> Finding | None:
    if plan.strategy.kind in ("workers", "tpu"):  # how many of these are here, the launcher decides
        return None
    wanted = plan.strategy.replicas
    fitting = max(count for count in range(1, gpus + 1) if plan.batch // plan.micro_batches % count == 0)
    kind = "mirrored" if fitting > 1 else "one"
    uncompiled = f", and {section}.xla to false" if plan.xla and kind == "mirrored" else ""
    remedy = f"set {section}.strategy to {{kind: {kind}, replicas: {fitting}}}{uncompiled}"
    if wanted > gpus:
        return Finding("FAIL", "devices", f"{section} wants {wanted} GPUs, and there are {gpus}", remedy)
    if wanted < fitting:
        return Finding("note", "devices", f"{section} uses {wanted} of {gpus} GPUs", f"to use {fitting}, {remedy}")
    return None
