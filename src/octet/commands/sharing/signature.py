"""Whether what names the files is as a commit has it whose signature git accepts."""

import subprocess

from octet.commands.reproduction.clone import git
from octet.common.errors import UserError

_FILES = ("dvc.lock", "dvc.yaml", "params.yaml")


def require_signed_commit() -> None:
    """Raise an error unless git accepts HEAD's signature, and what names the files is here as it is in HEAD."""
    head = git("rev-parse", "--short", "HEAD").strip()
    result = subprocess.run(["git", "verify-commit", "HEAD"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        said = "".join(filter(str.isprintable, " ".join(result.stderr.split()))) or "it has none"
        raise UserError(f"commit {head}: git accepts no signature of it ({said}): nothing is pulled")
    unsigned = {*_FILES} - {*git("ls-tree", "--name-only", "HEAD", *_FILES).split()}
    unsigned |= {*git("diff", "--name-only", "HEAD", "--", *_FILES).split()}
    if unsigned:
        raise UserError(f"{', '.join(sorted(unsigned))}: not as in the signed commit {head}: nothing is pulled")
