"""See that trainings compute on this machine's GPUs as they should, and how fast: ten minutes, without a download.

Reads:  the recipe, whose data are replaced by rendered pictures; the machine
Writes: reports/gpu.json, with the paragraph that it prints; runs/.gpu, a scratch folder
Usage:  octet gpu [RECIPE] [--steps N]    (default: voc0712, 50)
        exit code 1: a case failed, or bytes that should be the same are not
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from octet.commands.benchmark.cores import in_a_process
from octet.commands.command_line.command import run_command
from octet.commands.command_line.numbers import positive
from octet.common.errors import UserError, first_line
from octet.common.files import write_json
from octet.recipe.shared.load import load_recipe
from octet.recipe.shared.recipe import Recipe, Training

_SCRATCH = Path("runs", ".gpu")  # the dot, because runs/gpu is the folder of a recipe that is called gpu
_OFF_BY, _WAITING = 0.25, 0.1  # of the memory that was estimated; of the time
_BITS = {"float32": 32, "bfloat16": 16}
_COMPILED = {True: "compiled", False: "not compiled"}
_ON_CPU = ("parts of the CPU", 2)  # stand for several GPUs where ALLOW_CPU=1 tries this without any
_FAILED = "failed"  # the only key of a case that was not measured, with the reason

Case = dict[str, Any]


def main(options: argparse.Namespace) -> int:
    base = load_recipe(options.recipe)

    from octet.commands.health.gpu_facts import read_gpu_facts
    from octet.commands.proof.project import make_project, weights_after_a_kill
    from octet.commands.proof.steps import take_steps
    from octet.common import device
    from octet.common.machine import describe_cpu

    device.find_gpus("gpu")  # an error where there is none, unless ALLOW_CPU=1
    facts = read_gpu_facts()
    print("rendering pictures", flush=True)
    recipe = make_project(_SCRATCH, base)
    records = _SCRATCH / "data" / "proof" / "records"
    cases: dict[str, Case] = {}
    for name, (training, changes) in _cases(base, *(("GPUs", len(facts.gpus)) if facts.gpus else _ON_CPU)).items():
        compiled = {"xla": getattr(base, training).xla}
        plan = getattr(recipe, training).model_copy(update=compiled | changes)
        changed = recipe.model_copy(update={training: plan})
        case = cases[name] = _measure(take_steps, changed, training, records, options.steps)
        result = f"failed: {case[_FAILED]}" if _FAILED in case else f"{case['pictures_per_second']} pictures/s"
        print(f"{name}: {result}", flush=True)
    try:
        through, gone_on = weights_after_a_kill(_SCRATCH)
        findings = _findings(cases, through == gone_on)
    except UserError as error:
        print(f"after a kill: failed: {first_line(error)}", flush=True)
        findings = _findings(cases, False)
    on = ", ".join(f"{gpu.name}" for gpu in facts.gpus) or describe_cpu()
    text = _paragraph(base, on, facts.driver, cases, findings)
    found = {"devices": on, "driver": facts.driver, "cases": cases, **findings, "text": text}
    write_json(Path("reports", "gpu.json"), found)
    print(f"\n{text}")
    sound = findings["the same bytes twice"] and findings["the same bytes after a kill"]
    return 0 if sound and len(_measured(cases)) == len(cases) else 1


def _measure(take: Callable[..., Case], *arguments: Any) -> Case:
    """What was found in a process of its own, or why that failed, whatever it was: others may succeed."""
    try:
        found: Case = in_a_process(take, *arguments)
    except Exception as error:
        return {_FAILED: first_line(error)}
    return found


def _measured(cases: dict[str, Case]) -> dict[str, Case]:
    return {name: case for name, case in cases.items() if _FAILED not in case}


def _findings(cases: dict[str, Case], same_after_a_kill: bool) -> dict[str, bool]:
    """What was looked at, and whether it is so; it is not where a case that would show it failed."""
    measured = _measured(cases)
    first, again = (measured.get(name) for name in ("float", "float, again"))
    return {
        "the same bytes twice": bool(first and again and first["sha256"] == again["sha256"]),
        "the same bytes after a kill": same_after_a_kill,
        "waits for pictures less than a tenth of the time": bool(first and first["waiting"] < _WAITING),
        "takes the memory that doctor estimates": bool(measured)
        and all(abs(case["estimated_bytes"] / case["peak_bytes"] - 1) < _OFF_BY for case in measured.values()),
    }


def _cases(base: Recipe, devices: str, count: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """What is measured, by name: the recipe's trainings on one device, and those that differ from them in one thing.

    One is on so many devices; `devices` is what they are called.
    """
    plan, alone, quantized = base.train_float, base.train_float.on_one_device(), base.train_qat.on_one_device()
    other_precision = "bfloat16" if plan.precision == "float32" else "float32"
    cases: dict[str, tuple[str, dict[str, Any]]] = {
        "float": ("train_float", {}),
        "float, again": ("train_float", {}),
        f"float in {_BITS[other_precision]} bits": ("train_float", {"precision": other_precision}),
    }
    if alone.pictures_at_once == plan.batch:  # in several, compiling takes too long
        cases[f"float, {_COMPILED[not plan.xla]}"] = ("train_float", {"xla": not plan.xla})
    cases["8 bits"] = ("train_qat", {})
    if quantized.pictures_at_once == quantized.batch:
        cases[f"8 bits, {_COMPILED[not quantized.xla]}"] = ("train_qat", {"xla": not quantized.xla})
    if count > 1 and plan.pictures_at_once % count == 0:
        strategy = plan.strategy.model_copy(update={"kind": "mirrored", "replicas": count})
        shared = {"strategy": strategy, "micro_batches": plan.parts, "xla": False}
        cases[f"float on {count} {devices}"] = ("train_float", shared)
    return cases


def _paragraph(
    recipe: Recipe, devices: str, driver: str | None, cases: dict[str, Case], findings: dict[str, bool]
) -> str:
    """What was found, to be pasted into docs/training.md."""
    measured = _measured(cases)
    rates = ", ".join(
        f"{name} {measured[name]['pictures_per_second']:.0f}" if name in measured else f"{name} failed"
        for name in cases
    )
    most = max((case["peak_bytes"] for case in measured.values()), default=0) / 1e9
    told = "; ".join(f"{name}: {'yes' if good else 'NO'}" for name, good in findings.items())
    hours = "; ".join(
        f"{section} takes {_hours(getattr(recipe, section), measured[name]):.2g} hours for each 1,000 pictures"
        for section, name in (("train_float", "float"), ("train_qat", "8 bits"))
        if name in measured
    )
    return (
        f"On {devices}{f' (driver {driver})' if driver else ''}, pictures a second of {recipe.name}: {rates}"
        f"{f'; {most:.1f} GB at most' if measured else ''}. {f'Of all its epochs, {hours}. ' if hours else ''}{told}."
    )


def _hours(plan: Training, case: Case) -> float:
    return float(plan.epochs * 1000 / case["pictures_per_second"] / 3600)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", nargs="?", default="voc0712", help="a section of params.yaml")
    parser.add_argument("--steps", type=positive, default=50, metavar="N", help="of each measurement (default: 50)")


def run() -> None:
    run_command(main, __doc__, add_arguments)
