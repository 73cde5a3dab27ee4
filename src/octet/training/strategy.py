"""The devices of a training, and how each batch is split over them; `tf.distribute` does the work."""

import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octet.common import device
from octet.common.errors import UserError, first_line
from octet.common.files import atomic_write
from octet.common.machine import describe_cpu
from octet.common.replicas import take_from_chief
from octet.common.silence import silence
from octet.common.tensorflow import context, coordination_config_pb2, tf
from octet.common.watchdog import ended_unless_done
from octet.data.augmentation.batches import Part
from octet.recipe.shared.recipe import Training
from octet.training.cluster import STARTED, Cluster, read_cluster

if TYPE_CHECKING:
    from octet.tasks.protocol import Learning

_LATE = 600  # seconds that processes wait for one another at the start
_SILENT = 30  # seconds without a sign of life after which a process counts as gone
_STUCK = 1800  # seconds that a process may keep the others waiting for its part of a step
# What TensorFlow raises where another process went away.
_LOSSES = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)


@dataclass(frozen=True)
class Team:
    """A strategy, and the processes that it spans: none but this where there is no cluster."""

    strategy: tf.distribute.Strategy
    cluster: Cluster | None = None

    @property
    def is_chief(self) -> bool:
        """Whether this process keeps the checkpoints, the history and the outputs."""
        return self.cluster is None or self.cluster.is_chief

    def meet(self) -> None:
        """Wait until every process is here."""
        self.agree(False)

    def require_same(self, fingerprint: str) -> None:
        """Refuse to train beside a chief with other parameters, data, code or packages, as hexadecimal digits tell."""
        number = tf.constant(int(fingerprint, 16), tf.int64)
        if self.take_from_chief([number])[0] != number:
            raise UserError(
                "this process has other parameters, data, code or packages than the chief: give all the same commit, "
                "what its requirements/runtime.txt lists, the same data/RECIPE, and for train_qat and train_control "
                "the same models/RECIPE/float"
            )

    def agree(self, wanted: bool) -> bool:
        """Whether any process wants something; all have to ask."""
        if self.cluster is None:
            return wanted
        flags = self.strategy.experimental_distribute_values_from_function(lambda _: tf.constant(float(wanted)))
        with self.waiting(for_chief=True):
            return bool(self.strategy.reduce("SUM", flags, axis=None))

    def take_from_chief(self, values: Sequence[Any]) -> list[tf.Tensor]:
        """The values that the chief has, in every process."""
        if self.cluster is None:
            return list(values)
        with self.waiting(for_chief=True):
            return take_from_chief(self.strategy, values, self.is_chief)

    @contextmanager
    def waiting(self, *, for_chief: bool = False) -> Iterator[None]:
        """End this process where another keeps it waiting for too long: nothing interrupts TensorFlow's exchanges.

        The chief may take its time where the others wait for it alone, as they do while it validates.
        """
        if self.cluster is None or (for_chief and not self.is_chief):
            yield
            return
        timer = threading.Timer(_STUCK, _give_up, [self.cluster])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextmanager
    def failures_explained(self) -> Iterator[None]:
        """Turn TensorFlow's errors about memory, and about processes that went away, into ones that say what to do."""
        try:
            yield
        except tf.errors.OpError as error:
            if isinstance(error, tf.errors.ResourceExhaustedError) or "RESOURCE_EXHAUSTED" in str(error):
                raise UserError(_what_does_not_fit(error)) from None
            if self.cluster is None or not (isinstance(error, _LOSSES) or "Collective ops" in str(error)):
                raise
            raise UserError(_what_failed(self.cluster, error)) from None


def start_team(plan: Training) -> Team:
    """Start TensorFlow on the devices that a plan asks for, and print how they share a batch."""
    wanted = plan.strategy
    if wanted.kind == "workers":
        return _join(plan, read_cluster())
    _tell_launcher()
    if wanted.kind == "tpu":
        return Team(_start_tpu(plan))
    device.use(plan.device, wanted.replicas, plan.at_once)
    if wanted.kind == "one":
        return Team(tf.distribute.get_strategy())
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    strategy = tf.distribute.MirroredStrategy([found.name for found in tf.config.list_logical_devices(kind)])
    print(_describe(plan, f"{kind}s of this machine"), flush=True)
    return Team(strategy)


def dismiss(plan: Training) -> None:
    """Tell the other processes, which wait for the chief, that there is nothing to train.

    They may have ended, where only the chief was started again.
    """
    try:
        _join(plan, read_cluster(), is_needed=False)
    except UserError as error:
        print(f"there is nothing to train, and nobody to tell: {error}", flush=True)


def distributed_batches(
    learning: "Learning", records: Path, plan: Training, strategy: tf.distribute.Strategy, start: int
) -> Iterable[Any]:
    """The batches of a training from step `start` on, each in the parts that this process's replicas compute."""
    if strategy.num_replicas_in_sync == 1:
        return learning.batches(records, plan, start)

    numbers = strategy.experimental_distribute_values_from_function(lambda replica: replica.replica_id_in_sync_group)
    own = strategy.experimental_local_results(numbers)
    part = Part(strategy.num_replicas_in_sync, own[0], len(own))
    with strategy.scope():  # a task may have to ask the other processes about their records
        return _SharedBatches(strategy, own, learning.batches(records, plan, start, part))


@dataclass(frozen=True)
class _SharedBatches:
    """Batches in the parts that this process's replicas compute, which follow one another in `parts`.

    TensorFlow's own distribution of a dataset asks all processes before each batch whether they have one.
    """

    strategy: tf.distribute.Strategy
    own: Sequence[int]  # the numbers of this process's replicas
    parts: Iterable[Any]

    def __iter__(self) -> Iterator[Any]:
        for parts in zip(*[iter(self.parts)] * len(self.own), strict=True):
            yield tf.nest.map_structure(self._distribute, *parts)

    def _distribute(self, *values: tf.Tensor) -> Any:
        of_replica = dict(zip(self.own, values, strict=True))
        return self.strategy.experimental_distribute_values_from_function(
            lambda replica: of_replica[replica.replica_id_in_sync_group]
        )


def _join(plan: Training, cluster: Cluster, is_needed: bool = True) -> Team:
    """Meet the other processes, each of which has as many of the replicas."""
    processes, replicas = len(cluster.addresses), plan.strategy.replicas
    if replicas % processes:
        raise UserError(
            f"strategy.replicas is {replicas}, which {processes} processes cannot share evenly: start another number"
        )
    each = replicas // processes
    gpus = device.choose(plan.device, each, *cluster.neighbours)
    if not gpus and each > 1:
        raise UserError(
            f"strategy.replicas is {replicas} and there are {processes} processes without GPUs, which have one replica "
            f"each: start {replicas} processes, or set replicas to {processes}"
        )
    print(f"{cluster.name(cluster.index)}: waiting up to {_LATE // 60} minutes for {processes - 1} more", flush=True)
    os.environ["TF_CONFIG"] = cluster.tf_config
    _tell_launcher()
    cluster.wait_for_others(_LATE)
    team = Team(_start_workers(cluster), cluster)
    with team.failures_explained():
        (needed,) = team.take_from_chief([tf.constant(float(is_needed))])
    if not needed:
        if cluster.is_chief:
            return team
        print("the chief has nothing to train: the stage is up to date, or failed there")
        sys.exit()
    on = ", ".join(map(device.describe_gpu, gpus)) or describe_cpu()
    print(f"running on {on} and {processes - 1} more processes", flush=True)
    if cluster.is_chief:
        print(_describe(plan, f"replicas in {processes} processes"), flush=True)
    return team


def _tell_launcher() -> None:
    """Tell `octet worker`, where that started this process, that it asks for all others, and which process it is."""
    if started := os.environ.get(STARTED):
        with atomic_write(Path(started)) as file:
            file.write_text(str(os.getpid()))


def _start_tpu(plan: Training) -> tf.distribute.Strategy:
    """The cores of the TPU that TPU_NAME names, or of this machine's. This has never run on one."""
    name = os.environ.get("TPU_NAME", "local")
    try:
        with silence():
            resolver = tf.distribute.cluster_resolver.TPUClusterResolver(name)
            tf.config.experimental_connect_to_cluster(resolver)
            tf.tpu.experimental.initialize_tpu_system(resolver)
            strategy = tf.distribute.TPUStrategy(resolver)
    except (tf.errors.OpError, ValueError, RuntimeError, KeyError) as error:
        raise UserError(f"strategy.kind is tpu, and there is none ({name}: {first_line(error)})") from None
    cores = strategy.num_replicas_in_sync
    if cores != plan.strategy.replicas:
        raise UserError(f"strategy.replicas is {plan.strategy.replicas}, and this TPU has {cores}: set it to {cores}")
    print(f"running on a TPU, which this program was never tried on; {_describe(plan, 'of its cores')}", flush=True)
    return strategy


def _start_workers(cluster: Cluster) -> tf.distribute.Strategy:
    # As TensorFlow would, but for the time after which a silent process counts as gone.
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        heartbeat_timeout_in_ms=_SILENT * 1000,
        coordinated_jobs=[coordination_config_pb2.CoordinatedJob(name="worker", num_tasks=len(cluster.addresses))],
    )
    message = (
        f"{cluster.others} took a connection and has not begun within {_LATE / 60:g} minutes: start all again, and see "
        "that no other program listens at its port"
    )
    try:
        with ended_unless_done(_LATE, message), silence():
            return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise UserError(f"the processes of the training did not meet: {first_line(error)}") from None


def _give_up(cluster: Cluster) -> None:
    try:
        print(
            f"octet: {cluster.others} has kept {cluster.name(cluster.index)} waiting for {_STUCK / 60:g} minutes and "
            "counts as hanging, so the others stop: end it; the last checkpoint is good, and the same command goes on "
            "from it",
            file=sys.stderr,
            flush=True,
        )
    finally:  # whether or not anybody listens
        os._exit(1)


def _what_failed(cluster: Cluster, error: Exception) -> str:
    """The message about an exchange between processes that failed."""
    named = re.search(r"unhealthy.*?/task:(\d+)", str(error), re.DOTALL)
    if gone := [int(named[1])] if named else cluster.silent():
        names = ", ".join(map(cluster.name, gone))
        return f"{names} is gone, so all stop; the last checkpoint is good, and the same command goes on from it"
    telling = (line for line in str(error).splitlines() if "Collective ops" in line)
    return (
        f"the processes of the training could not exchange what they computed, so all stop "
        f"({next(telling, first_line(error))}); the last checkpoint is good"
    )


def _what_does_not_fit(error: Exception) -> str:
    """The message about a device that is out of memory; TensorFlow's own tells first where in the code that was."""
    telling = (line for line in str(error).splitlines() if re.search("OOM when|ut of memory|ailed to allocate", line))
    return (
        f"the training does not fit into the device's memory ({next(telling, first_line(error))}): set micro_batches "
        "higher, of which `make doctor RECIPE=...` says how many, and end what else uses the device"
    )


def _describe(plan: Training, devices: str) -> str:
    replicas = plan.strategy.replicas
    return (
        f"each batch of {plan.batch} pictures is split over {replicas} {devices}, {plan.batch // replicas} on each; "
        "learning rate and schedule stay; batch norm that is trained sees the whole batch"
    )
