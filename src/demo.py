"""Serve a page that runs the shipped file in the browser: drop a picture, or use the camera.

Reads:  models/RECIPE/detector_uint8.tflite; what runs it comes from npm's registry once, to runs/demo
Usage:  python src/demo.py RECIPE [--port 8000]
"""

import argparse
from pathlib import Path

from octet.demo.runtime import obtain_runtime
from octet.demo.server import Demo
from octet.files import require
from octet.stage import told_plainly


def main(options: argparse.Namespace) -> None:
    model = require(Path("models", options.recipe, "detector_uint8.tflite"), f"convert@{options.recipe}")
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


if __name__ == "__main__":
    chosen = parse()
    with told_plainly():
        main(chosen)
