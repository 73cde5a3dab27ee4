"""The command `octet quantize`, as tests run it."""

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import numpy as np

from conftest import ROOT
from octet.commands.quantize import parse_options
from octet.commands.shrinking.conversion_process import convert_checked
from octet.commands.shrinking.options import check_options
from octet.common.errors import report_user_errors


def quantize(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Quantize in this process, which has imported TensorFlow already."""
    out, err, words = io.StringIO(), io.StringIO(), ["octet quantize", *map(str, arguments)]
    code: object = 0
    with patch.object(sys, "argv", words), redirect_stdout(out), redirect_stderr(err):
        try:
            options = parse_options()
            assert options
            with report_user_errors():
                check_options(options)
                options.output.write_bytes(convert_checked(options, lambda _: None))
        except SystemExit as end:
            code = end.code
    if isinstance(code, str):  # which Python prints as it ends
        return subprocess.CompletedProcess(words, 1, out.getvalue(), err.getvalue() + code)
    return subprocess.CompletedProcess(words, int(code or 0), out.getvalue(), err.getvalue())  # type: ignore[call-overload]


def quantize_alone(*arguments: object, python_options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Quantize as users do."""
    command = quantize_command(*arguments, python_options=python_options)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def quantize_command(*arguments: object, python_options: tuple[str, ...] = ()) -> list[str]:
    """The command line that users type."""
    return [sys.executable, *python_options, "src/octet", "quantize", *map(str, arguments)]


def write_samples(file: Path, *shape: int, count: int = 100, low: float = -1, high: float = 1) -> Path:
    """Write noise to calibrate with."""
    values = np.random.default_rng(0).uniform(low, high, (count, *shape)).astype(np.float32)
    np.savez(file, values)
    return file
