"""Whether this machine has the devices that a recipe's trainings share a batch over, and whether it has more."""

from octet.commands.health.finding import Finding
from octet.common.device import own_share
from octet.common.errors import UserError
from octet.recipe.shared.recipe import Recipe, Training
from octet.training.cluster import is_launched, read_cluster


def check_devices(recipe: Recipe, gpus: int) -> list[Finding]:
    """A failure where a training wants more devices than there are, a note where it leaves some unused."""
    plans = {"train_float": recipe.train_float, "train_qat": recipe.train_qat}
    findings = (_check(f"{recipe.name}.{name}", plan, gpus) for name, plan in plans.items())
    return [finding for finding in findings if finding]


def _check(section: str, plan: Training, gpus: int) -> Finding | None:
    if plan.strategy.kind == "workers":
        return _check_workers(section, plan.strategy.replicas, gpus if plan.device == "gpu" else 0)
    if plan.strategy.kind == "tpu":
        return Finding("note", "devices", f"{section} wants a TPU, which this program was never tried on")
    if plan.device == "cpu" or not gpus:
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


def _check_workers(section: str, replicas: int, gpus: int) -> Finding:
    """Whether the processes that a launcher has described can share the replicas; without one, how many are needed."""
    most = max(1, gpus)  # replicas of a process; without a GPU, it has one
    here = f"this machine has {gpus} GPUs" if gpus else "a process without GPUs has one replica"
    text = f"{section} has {replicas} replicas in processes that a launcher starts; {here}"
    fitting = next(count for count in range(1, replicas + 1) if replicas % count == 0 and replicas // count <= most)
    remedy = f"start {fitting} such processes; docs/scaling.md"
    try:
        cluster = read_cluster() if is_launched() else None
    except UserError as error:
        return Finding("FAIL", "devices", str(error))
    if cluster is None or len(cluster.addresses) == 1:  # as in a shell from which a step of Slurm is started
        return Finding("note", "devices", text, remedy)
    processes = len(cluster.addresses)
    if replicas % processes:
        remedy = f"set {section}.strategy.replicas to a multiple of {processes}"
        return Finding("FAIL", "devices", f"{section} has {replicas} replicas for {processes} processes", remedy)
    each = replicas // processes
    if each > most:
        return Finding("FAIL", "devices", f"{text}, and each of {processes} takes {each}", remedy)
    try:
        own_share(list(range(gpus)), each, *cluster.neighbours)
    except UserError as error:
        needed, _, remedy = str(error).partition(": ")
        return Finding("FAIL", "devices", needed, remedy)
    return Finding("ok", "devices", f"{section} has {each} replicas in each of {processes} processes")
