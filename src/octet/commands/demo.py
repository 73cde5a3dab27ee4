"""Serve a page that runs the shipped file in the browser: drop a picture, or use the camera.

Reads:  models/RECIPE/*_uint8.tflite; the runtime for browsers comes from npm's registry once, to runs/demo
Usage:  octet demo [RECIPE] [--port 8000]
"""

import argparse
from pathlib import Path

from octet.commands.browser.runtime import obtain_runtime
from octet.commands.browser.server import Demo
from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import SHIPPED_FILE, add_recipe_with_results, recipe_with_results


def main(options: argparse.Namespace) -> None:
    model = SHIPPED_FILE.of_recipe(recipe_with_results(options.recipe, SHIPPED_FILE))
    runtime = obtain_runtime(Path("runs", "demo"))
    with Demo(model, runtime, options.port, options.host) as server:
        print(f"{model} runs at http://localhost:{server.server_port} (Ctrl-C ends it)", flush=True)
        server.serve_forever()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe_with_results(parser)
    parser.add_argument("--port", type=int, default=8000, choices=range(1 << 16), metavar="PORT")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; in a container 0.0.0.0")


def run() -> None:
    run_command(main, __doc__, add_arguments)
