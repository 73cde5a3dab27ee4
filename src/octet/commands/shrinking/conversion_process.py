"""The process that converts, apart from the one that the user started.

TensorFlow's native code can crash, or be killed for want of memory, and takes its process with it. The parent stays: it
says what happened, keeps the output whole, and removes what a dead process leaves behind. Where it is killed itself,
octet-quantize-* stays in the folder for temporary files, TMPDIR.
"""

import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from octet.commands.shrinking.options import Options
from octet.common.children import limit_memory, start_without_interrupts
from octet.common.errors import UserError, first_line, report_user_errors
from octet.common.files import atomic_write
from octet.common.workers import leave_signals_to_parent

LOADING, CONVERTING, COMPARING = "loading", "converting", "comparing"
_RESULT = "result.tflite"
_REPORTED = 1  # the exit code of a process that has said why it ends
_LEAST_ADDRESS_SPACE = 4 * 2**30  # bytes; TensorFlow's libraries alone take half of it


def convert_in_child(options: Options) -> None:
    """Convert the model in a process of its own; the output is written when all went well, and only then."""
    _require_address_space()
    with tempfile.TemporaryDirectory(prefix="octet-quantize-") as scratch:
        # Spawned, not forked: a fork of a process in which TensorFlow has run hangs.
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_convert, args=(options, Path(scratch), sender))
        try:
            start_without_interrupts(process)
            sender.close()
            step = _last_step(receiver)
            process.join()
        finally:
            if process.is_alive():
                process.kill()
                process.join()
        if process.exitcode == _REPORTED:
            sys.exit(_REPORTED)
        if process.exitcode:
            raise UserError(_describe_death(options, step, process.exitcode))
        with atomic_write(options.output) as partial:
            shutil.move(Path(scratch, _RESULT), partial)


def _last_step(receiver: Connection) -> str:
    """Wait for the process to end; the last step that it reported."""
    step = LOADING
    try:
        while True:
            step = receiver.recv_bytes().decode()
    except EOFError:
        return step


def _require_address_space() -> None:
    """Refuse a limit under which native libraries crash while they are loaded, or wait for memory for ever."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if resource.RLIM_INFINITY != allowed < _LEAST_ADDRESS_SPACE:
        raise UserError(
            f"quantize needs {_LEAST_ADDRESS_SPACE / 1e9:.1f} GB of address space, and `ulimit -v` allows "
            f"{allowed / 1e9:.1f} GB: raise it"
        )


def _describe_death(options: Options, step: str, exit_code: int) -> str:
    process = f"{options.model}: the process that was {step} it"
    if exit_code == -signal.SIGKILL:
        return f"{process} was killed (SIGKILL), most likely for want of memory: free some, or give it more"
    death = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
    crashed = f"{process} crashed in native code ({death})"
    if step == CONVERTING and options.scheme.needs_calibration:
        return (
            f"{crashed}: TFLite's calibrator, which {options.scheme_name} needs, does that on models with loops, "
            "such as LSTM and GRU layers: use --scheme dynamic or float16, which need no calibration"
        )
    if step == COMPARING:
        return f"{crashed}: leave out --compare"
    if step == LOADING:
        return f"{crashed}: the file may be damaged"
    return f"{crashed}: try another --scheme, or give it more memory"


def _convert(options: Options, scratch: Path, sender: Connection) -> None:
    """Run in the child process: convert, and put the result into the scratch folder."""
    with report_user_errors():
        leave_signals_to_parent()
        limit_memory()
        os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)  # what libraries leave behind, the parent removes

        def report_step(step: str) -> None:
            sender.send_bytes(step.encode())

        try:
            Path(scratch, _RESULT).write_bytes(convert_checked(options, report_step))
        except MemoryError:
            raise UserError(f"{options.model}: there is not enough memory: free some, or give it more") from None


def convert_checked(options: Options, report_step: Callable[[str], None]) -> bytes:
    """Convert in this process; what a Keras file says is checked before TensorFlow is imported."""
    if not options.trust and options.model.is_file():
        # Imported here: h5py and TensorFlow are for the child process alone, and TensorFlow for what passed the check.
        from octet.commands.shrinking.untrusted_files import refuse_untrusted_file

        refuse_untrusted_file(options.model)
    try:
        import octet.common.tensorflow  # noqa: F401  # before all that imports TensorFlow, because it keeps that quiet
        from octet.commands.shrinking.conversion import convert_model
    except (ImportError, SystemError) as error:  # so Python's import ends where there is no memory for a library
        raise UserError(f"TensorFlow cannot be loaded: {first_line(error)}: give it more memory") from None

    return convert_model(options, report_step)
