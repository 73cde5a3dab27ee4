"""Get one model of a repository by its name, as a version or the newest commit has it; the file is verified.

Reads:  dvc.yaml and dvc.lock of the repository, which name the file and its MD5; nothing in them is run
Writes: the file, into the folder that the command runs in, or as --out says
Usage:  octet get ADDRESS RECIPE/MODEL [--rev VERSION] [--config FILE] [--out FILE]
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.common.errors import UserError
from octet.common.files import atomic_write


def main(options: argparse.Namespace) -> None:
    out = options.out and options.out.resolve()
    here = Path.cwd()
    if options.config and not options.config.is_file():
        raise UserError(f"{options.config}: is no file")

    from octet.commands.sharing.strangers import clone_repository, put_file, require_cheap_pipeline

    with tempfile.TemporaryDirectory(prefix="octet-get-") as scratch:
        folder = Path(scratch, "clone")
        tag = f"{options.name}@{options.rev}" if options.rev else None
        store = clone_repository(options.address, folder, tag, options.config)
        require_cheap_pipeline(options.address, folder, options.name)
        os.chdir(folder)

        from octet.commands.sharing.lock import artifact, locked_repo
        from octet.commands.sharing.remote import pull_outputs, require_remote

        try:
            with locked_repo() as repo:
                wanted = artifact(repo, options.name)
                name = Path(wanted.fs_path).name
                if not out and name.startswith("."):
                    raise UserError(f"dvc.yaml: found the hidden name {name!a}: choose another with --out")
                path = out or here / name
                if path.exists():
                    raise UserError(f"{path}: is there already: move it away, or choose another name with --out")
                if store:  # the commit has what is to be pulled
                    md5 = wanted.hash_info.value
                    put_file(options.address, folder, f"{store / 'files/md5' / md5[:2] / md5[2:]}", wanted.meta.size)
                pull_outputs(repo, require_remote(repo), [wanted], options.name.partition("/")[0])
        finally:
            os.chdir(here)
        with atomic_write(path) as partial:
            shutil.copyfile(wanted.fs_path, partial)
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, MD5 {wanted.hash_info.value}, as dvc.lock has it")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", help="of the git repository: a folder, or what `git clone` takes")
    parser.add_argument("name", metavar="RECIPE/MODEL", help="such as quickstart/detector")
    parser.add_argument("--rev", metavar="VERSION", help="a version that the model was given, such as v1.0.0")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="DVC's settings of the remote, in the place of the repository's"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="another name for the file")


def run() -> None:
    run_command(main, __doc__, add_arguments)
