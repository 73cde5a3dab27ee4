"""Pack one folder for a device: the files, test pictures, the answers that are expected, and a script that compares.

On the device, which needs numpy and ai-edge-litert or tflite-runtime: python3 check.py
Reads:  models/RECIPE, data/RECIPE/records
Writes: runs/RECIPE/pack, or --out
Usage:  octet pack [RECIPE] [--pictures 20] [--out DIR]
"""

import argparse
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import SHIPPED_FILE, add_recipe_with_results, recipe_with_results
from octet.common.errors import UserError
from octet.common.files import require_output
from octet.tflite.running.variants import variant_files

_PACKED = ("uint8", "uint8_raw")


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, SHIPPED_FILE)
    require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    variants = variant_files(Path("models", recipe.name), recipe.shipped_file)
    files = [require_output(variants[name], f"convert@{recipe.name}") for name in _PACKED]
    folder = options.out or Path("runs", recipe.name, "pack")

    from octet.commands.packing.folder import is_replaceable, write_pack
    from octet.common import device

    if folder.is_symlink():
        raise UserError(f"{folder}: is a link: name the folder itself with --out")
    if folder.exists() and not is_replaceable(folder):
        raise UserError(f"{folder}: is there already and was not packed by this command: name another with --out")
    device.choose("cpu", 1)
    write_pack(folder, recipe, files, options.pictures)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB; copy it to the device and run there: python3 {folder.name}/check.py")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe_with_results(parser)
    parser.add_argument("--pictures", type=int, choices=range(1, 101), default=20, metavar="N", help="1 to 100 (20)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write instead")


def run() -> None:
    run_command(main, __doc__, add_arguments)
