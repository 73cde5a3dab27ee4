"""Serve a page that runs the shipped file in the browser: on samples, your pictures and videos, or the camera's.

Reads:  models/RECIPE/{*_uint8.tflite,tflite/float32.tflite,labels.txt}, reports/RECIPE/report.html (the samples);
        the runtime for browsers comes from npm's registry once, to runs/.demo
Usage:  octet demo [RECIPE] [--port 8000]
"""

import argparse
from pathlib import Path

from octet.commands.browser.content import demo_files
from octet.commands.browser.runtime import obtain_runtime
from octet.commands.browser.server import Demo
from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import SHIPPED_FILE, add_recipe_with_results, recipe_with_results


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, SHIPPED_FILE)
    content = demo_files(recipe, Path("runs", recipe.name, "demo"))
    runtime = obtain_runtime(Path("runs", ".demo"))
    with Demo(content, runtime, options.port, options.host) as server:
        name = "localhost" if options.host in ("127.0.0.1", "0.0.0.0") else options.host
        model, address = SHIPPED_FILE.of_recipe(recipe), f"http://{name}:{server.server_port}"
        print(f"{model} runs at {address} (Ctrl-C ends it)", flush=True)
        server.serve_forever()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe_with_results(parser)
    parser.add_argument("--port", type=int, default=8000, choices=range(1 << 16), metavar="PORT")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen at, by which alone, beside localhost, the page is had; in a container 0.0.0.0",
    )


def run() -> None:
    run_command(main, __doc__, add_arguments)
