"""The process that converts, apart from the one that the user started.

TensorFlow's native code can crash, or be killed for want of memory, and takes its process with it. The parent stays: it
says what happened, keeps the output whole, and removes what a dead process leaves behind.
"""

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from octet.commands.shrinking.options import Options
from octet.common.errors import UserError, report_user_errors
from octet.common.files import whole_file
from octet.common.workers import leave_signals_to_parent

LOADING, CONVERTING, COMPARING = "loading", "converting", "comparing"
_RESULT = "result.tflite"


def convert_in_child(options: Options) -> None:
    """Convert the model in a process of its own; the output is written when all went well, and only then."""
    with tempfile.TemporaryDirectory(prefix="octet-quantize-") as scratch:
        # Spawned, not forked: a fork of a process in which TensorFlow has run hangs.
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_convert, args=(options, Path(scratch), sender))
        try:
            _start_without_interrupts(process)
            sender.close()
            step = _last_step(receiver)
            process.join()
        finally:
            if process.is_alive():
                process.kill()
                process.join()
        if process.exitcode and process.exitcode > 0:
            sys.exit(process.exitcode)  # it has said why
        if process.exitcode:
            raise UserError(_describe_death(options, step, signal.Signals(-process.exitcode)))
        with whole_file(options.output) as partial:
            shutil.move(Path(scratch, _RESULT), partial)


def _start_without_interrupts(process: BaseProcess) -> None:
    """Start a process that ignores Ctrl-C from its first instruction: the parent ends it."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, handler)


def _last_step(receiver: Connection) -> str:
    """Wait for the process to end; the last step that it reported."""
    step = LOADING
    try:
        while True:
            step = receiver.recv_bytes().decode()
    except EOFError:
        return step


def _describe_death(options: Options, step: str, death: signal.Signals) -> str:
    process = f"{options.model}: the process that was {step} it"
    if death == signal.SIGKILL:
        return f"{process} was killed (SIGKILL), most likely for want of memory: free some, or give it more"
    crashed = f"{process} crashed in native code ({death.name})"
    if step == CONVERTING and options.scheme.needs_calibration:
        return (
            f"{crashed}: TFLite's calibrator, which {options.scheme_name} needs, does that on models with loops, "
            "such as LSTM and GRU layers: use --scheme dynamic or float16, which need no calibration"
        )
    if step == COMPARING:
        return f"{crashed}: leave out --compare"
    return f"{crashed}: the file may be damaged" if step == LOADING else f"{crashed}: try another --scheme"


def _convert(options: Options, scratch: Path, sender: Connection) -> None:
    """Run in the child process: convert, and put the result into the scratch folder."""
    with report_user_errors():
        leave_signals_to_parent()
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
    import octet.common.tensorflow  # noqa: F401  # before all that imports TensorFlow, because it keeps that quiet
    from octet.commands.shrinking.conversion import convert_model

    return convert_model(options, report_step)
