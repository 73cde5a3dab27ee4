"""Say what of a recipe will work on this machine, what will not, and what to do about it.

Reads:  requirements/runtime.txt, the recipe, the machine
Usage:  octet doctor RECIPE    (exit code 1 when something will fail)
"""

import argparse
import os
import sys
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import add_recipe
from octet.commands.health import host
from octet.commands.health.packages import check_packages
from octet.recipe.shared.declared import require_in_pipeline
from octet.recipe.shared.load import load_recipe

_TRAININGS = ("train_float", "train_qat")


def main(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe)
    require_in_pipeline(recipe)
    project = Path()
    packages = check_packages(Path("requirements", "runtime.txt"))
    findings = [
        packages,
        host.check_engine(),
        host.check_cores(),
        host.check_disk(project, recipe.dataset),
        host.check_writing(project),
        host.check_determinism(),
    ]
    if packages.state == "ok":
        # These import the packages, and without them would only fail with a worse message.
        from octet.commands.health.devices import check_devices
        from octet.commands.health.gpu import check_gpu
        from octet.commands.health.gpu_facts import read_gpu_facts
        from octet.commands.health.memory import check_memory, memory_of_machine
        from octet.commands.health.remote import check_remote

        for_gpu = [name for name in _TRAININGS if getattr(recipe, name).device == "gpu"]
        facts = read_gpu_facts()
        findings.append(check_gpu(facts, needed=bool(for_gpu) and os.environ.get("ALLOW_CPU") != "1"))
        findings += check_devices(recipe, len(facts.gpus))
        on_gpu = for_gpu if facts.gpus else []
        on_cpu = [name for name in _TRAININGS if name not in on_gpu]
        if on_gpu:
            findings.append(check_memory(recipe, on_gpu, facts.gpus[0].memory, gpu=True))
        if on_cpu:
            findings.append(check_memory(recipe, on_cpu, memory_of_machine()))
        findings.append(check_remote())
    print(*findings, sep="\n")
    failures = sum(finding.state == "FAIL" for finding in findings)
    if failures:
        sys.exit(f"octet: {recipe.name} will not run here: {failures} of {len(findings)} checks failed")
    print(f"{recipe.name} will run here, on {'the GPU' if on_gpu else 'the CPU'}")


def run() -> None:
    run_command(main, __doc__, add_recipe)
