"""Say what of a recipe will work on this machine, what will not, and what to do about it.

Reads:  requirements/runtime.txt, the recipe, the machine
Usage:  python src/octet doctor RECIPE    (exit code 1 when something will fail)
"""

import os
import sys
from pathlib import Path

from octet.commands.health import host
from octet.commands.health.packages import check_packages
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe


def main(recipe: Recipe) -> None:
    here = Path()
    findings = [check_packages(Path("requirements", "runtime.txt"))]
    findings += [
        host.check_engine(),
        host.check_cores(),
        host.check_disk(here, recipe.dataset),
        host.check_writing(here),
    ]
    findings.append(host.check_determinism())
    if findings[0].state == "ok":
        # What follows imports these packages, and would only fail with a worse message.
        from octet.commands.health import gpu, gpu_facts
        from octet.commands.health.memory import check_memory, memory_of_machine
        from octet.commands.health.remote import check_remote

        wants_gpu = "gpu" in (recipe.train_float.device, recipe.train_qat.device)
        facts = gpu_facts.gather()
        findings.append(gpu.diagnose(facts, needed=wants_gpu and os.environ.get("ALLOW_CPU") != "1"))
        on_gpu = wants_gpu and facts.gpus
        device, available = ("GPU", facts.gpus[0].memory) if on_gpu else ("machine", memory_of_machine())
        findings.append(check_memory(recipe, device, available))
        findings.append(check_remote())
    print(*findings, sep="\n")
    failures = sum(finding.state == "FAIL" for finding in findings)
    if failures:
        sys.exit(f"octet: {recipe.name} will not run here: {failures} of {len(findings)} checks failed")
    print(f"{recipe.name} will run here, on {'the GPU' if on_gpu else 'the CPU'}")


def run() -> None:
    stage.run(main, __doc__)
