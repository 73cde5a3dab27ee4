"""Serve a page that runs the shipped file in the browser: drop a picture, or use the camera.

Reads:  models/RECIPE/*_uint8.tflite; what runs it comes from npm's registry once, to runs/demo
Usage:  python src/octet demo RECIPE [--port 8000]
"""

import argparse
from pathlib import Path

from octet.commands.browser.runtime import obtain_runtime
from octet.commands.browser.server import Demo
from octet.common.errors import report_user_errors
from octet.common.files import require_output
from octet.recipe.shared.load import load_recipe


def main(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe)
    model = require_output(Path("models", recipe.name, recipe.shipped_file), f"convert@{recipe.name}")
    runtime = obtain_runtime(Path("runs", "demo"))
    with Demo(model, runtime, options.port, options.host) as server:
        print(f"{model} at work: http://localhost:{server.server_port} (Ctrl-C ends it)", flush=True)
        server.serve_forever()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a section of params.yaml")
    parser.add_argument("--port", type=int, default=8000, choices=range(1 << 16), metavar="PORT")
    parser.add_argument("--host", default="127.0.0.1", help="whose requests are answered; a container says 0.0.0.0")
    return parser.parse_args()


def run() -> None:
    chosen = parse()
    with report_user_errors():
        main(chosen)
