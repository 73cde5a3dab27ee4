"""The ways to shrink a model, and what each is for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from octet.common.tensorflow import tf
from octet.tflite.files.conversion import Calibration, TracedGraph, to_dynamic, to_float16, to_integer


@dataclass(frozen=True)
class Scheme:
    """One of them."""

    kind: str
    what: str
    serves: str
    calibrated: bool  # needs samples, from which ranges are read
    convert: Callable[[TracedGraph, Calibration | None], bytes]


SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "dynamic": Scheme(
            kind="weights only",
            what="weights in 8 bits, activations quantized as they come; a quarter of the size",
            serves="CPUs; also where there are no samples, and for LSTMs and transformers",
            calibrated=False,
            convert=lambda traced, _: to_dynamic(traced),
        ),
        "float16": Scheme(
            kind="half precision",
            what="weights in 16-bit floats; half the size, hardly a difference",
            serves="mobile GPUs, which compute in half precision; a CPU computes in 32 bits all the same",
            calibrated=False,
            convert=lambda traced, _: to_float16(traced),
        ),
        "int8": Scheme(
            kind="full integer",
            what="integer arithmetic, int8 in and out; a quarter of the size, the fastest on most hardware",
            serves="CPUs, DSPs and NPUs (Edge TPU, Hexagon, Ethos-U), microcontrollers",
            calibrated=True,
            convert=lambda traced, samples: to_integer(traced, samples, input_type=tf.int8, output_type=tf.int8),
        ),
        "uint8": Scheme(
            kind="full integer",
            what="the same with uint8 in and out, which is what cameras give",
            serves="the same; what hands over raw pixels",
            calibrated=True,
            convert=lambda traced, samples: to_integer(traced, samples, input_type=tf.uint8, output_type=tf.uint8),
        ),
        "int16x8": Scheme(
            kind="full integer, wide",
            what="16 bits of activations, 8 of weights; nearly as exact as float, slower than int8",
            serves="CPUs and DSPs that have the kernels; where int8 loses too much (audio, super-resolution)",
            calibrated=True,
            convert=lambda traced, samples: to_integer(
                traced, samples, input_type=tf.float32, output_type=tf.float32, int16_activations=True
            ),
        ),
    }
)


def explained() -> str:
    """Which scheme fits what."""
    return "\n".join(
        f"{name:8} {of.kind}{', needs --calibration' if of.calibrated else ''}\n"
        f"         {of.what}\n         for {of.serves}"
        for name, of in SCHEMES.items()
    )
