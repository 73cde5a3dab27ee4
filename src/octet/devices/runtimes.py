"""All runtimes, in the order of the table."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from octet.common.errors import UserError
from octet.devices.browser import Browser
from octet.devices.edge_tpu import EdgeTpu
from octet.devices.ethos_u import ACCELERATORS
from octet.devices.litert import HERE
from octet.devices.litert_arm64 import emulated
from octet.devices.mediapipe import MediaPipe
from octet.devices.openvino import OpenVino
from octet.devices.protocol import Runtime
from octet.devices.rknn import Rknn
from octet.devices.tflite_micro import TfliteMicro


def all_runtimes(requirements: Path) -> Sequence[Runtime]:
    """Every runtime; `requirements` is the folder of the locks."""
    others: tuple[Runtime, ...] = (TfliteMicro(), *ACCELERATORS, OpenVino(), Rknn(), EdgeTpu(), MediaPipe(), Browser())
    return (*HERE, *emulated(requirements), *others)


def chosen(names: Sequence[str], runtimes: Sequence[Runtime], where: str) -> list[Runtime]:
    """The runtimes of these names; a name that none has is a UserError that says `where` it stands."""
    known = {runtime.name: runtime for runtime in runtimes}
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"
            raise UserError(f"{where}: no runtime {name!r}; {hint}")
    return [known[name] for name in names]
