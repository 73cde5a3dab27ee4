"""See that no locked package has a known vulnerability, but for the exceptions in requirements/audit.yaml.

Usage: python tools/audit.py [--url URL]

Here because pip-audit's own exceptions need no reason and never end, it takes a service that knows nothing for good
news, and leaves out what is locked for another Python.

Ends with 0 if there is none, 1 if there is something to do, 69 if the vulnerability service could not be asked.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from locks import read_locks
from octet.common.errors import UserError

REQUIREMENTS = Path("requirements")
EXCEPTIONS = REQUIREMENTS / "audit.yaml"
OSV = "https://api.osv.dev/v1/query"
# A service that knows nothing of this old release knows nothing: a mirror, or a proxy that answers everything.
KNOWN_BAD = ("jinja2", "2.4.1")


class UnreachableError(Exception):
    """The vulnerability service gave no answer that says anything."""


@dataclass(frozen=True)
class Vulnerability:
    """What the service says of one release; `names` are its ids, the best known first."""

    release: tuple[str, str]
    names: tuple[str, ...]
    fixed_in: tuple[str, ...]
    description: str


class Exemption(BaseModel):
    """A vulnerability that may pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    until: datetime.date


class Exemptions(BaseModel):
    """requirements/audit.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    exceptions: tuple[Exemption, ...]


def read_exemptions(file: Path) -> tuple[Exemption, ...]:
    """The exceptions, or what is wrong with them."""
    try:
        return Exemptions.model_validate(yaml.safe_load(file.read_text())).exceptions
    except FileNotFoundError:
        raise UserError(f"{file}: is missing; with no exceptions it reads `exceptions: []`") from None
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not valid YAML: {error}") from None
    except ValidationError as error:
        lines = [f"{file}: {'.'.join(map(str, e['loc']))}: {e['msg']}, found {e['input']!r}" for e in error.errors()]
        raise UserError("\n".join(lines)) from None


def known_vulnerabilities(releases: set[tuple[str, str]], url: str) -> list[Vulnerability]:
    """What the service knows of the releases."""
    with tempfile.TemporaryDirectory() as folder:
        # pip-audit leaves out the requirements that are for another Python or system; of a pylock it takes all.
        packages = [f'[[packages]]\nname = "{name}"\nversion = "{v}"\n' for name, v in sorted({*releases, KNOWN_BAD})]
        Path(folder, "pylock.toml").write_text('lock-version = "1.0"\n' + "".join(packages))
        answer = Path(folder, "answer.json")
        options = ["--vulnerability-service=osv", f"--osv-url={url}", "--format=json", f"--output={answer}"]
        result = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--locked", folder, "--progress-spinner=off", *options],
            capture_output=True,
            text=True,
        )
        if not answer.exists():
            raise UnreachableError(
                (result.stderr.strip().splitlines() or [f"pip-audit ended with {result.returncode}"])[-1]
            )
        dependencies: list[dict[str, Any]] = json.loads(answer.read_text())["dependencies"]
    known = {(package["name"], package["version"]): package["vulns"] for package in dependencies if "vulns" in package}
    if not known.get(KNOWN_BAD):
        raise UnreachableError(f"it answers, but knows of no vulnerability in {' '.join(KNOWN_BAD)}, which has several")
    if unanswered := releases - known.keys():
        raise UnreachableError(f"no answer for {', '.join(' '.join(release) for release in sorted(unanswered))}")
    return [
        Vulnerability(release, (v["id"], *sorted(v["aliases"])), tuple(v["fix_versions"]), v["description"])
        for release in sorted(releases)
        for v in known[release]
    ]


def main(url: str) -> None:
    pins = read_locks(REQUIREMENTS)
    exemptions = read_exemptions(EXCEPTIONS)
    locks: dict[tuple[str, str], list[str]] = {}
    for pin in pins:
        locks.setdefault((pin.name, pin.version), []).append(pin.lock)
    vulnerabilities = known_vulnerabilities(set(locks), url)
    print(f"audit: asked {url} for {len(locks)} releases in {', '.join(sorted({pin.lock for pin in pins}))}")

    problems = []
    for found in vulnerabilities:
        line = f"{' '.join(found.release)} ({', '.join(sorted(set(locks[found.release])))}): {', '.join(found.names)}"
        if allowed := next((e for e in exemptions if e.id in found.names), None):
            print(f"audit: let pass until {allowed.until}: {line}: {allowed.reason}")
        else:
            problems += [line, f"    {found.description}", f"    fixed in: {', '.join(found.fixed_in) or 'no release'}"]
    for exemption in exemptions:
        if not any(exemption.id in found.names for found in vulnerabilities):
            problems.append(f"{EXCEPTIONS}: {exemption.id} is in no locked package (any more): remove the exception")
        elif exemption.until < datetime.date.today():
            problems.append(f"{EXCEPTIONS}: {exemption.id} was let pass until {exemption.until}: look at it again")
    if problems:
        raise UserError("\n".join(problems))
    print("audit: no known vulnerabilities" + (" but those let pass" if exemptions else ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=OSV, help=f"what to ask, in OSV's format (default: {OSV})")
    arguments = parser.parse_args()
    try:
        main(arguments.url)
    except UserError as error:
        sys.exit("\n".join(f"audit: {line}" for line in str(error).splitlines()))
    except UnreachableError as error:
        print(f"audit: NOT DONE, {arguments.url} could not be asked: {error}", file=sys.stderr)
        sys.exit(os.EX_UNAVAILABLE)
