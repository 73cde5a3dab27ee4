"""The schemes by which a model can be quantized, and what each is for; free of TensorFlow, so that help is quick."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Scheme:
    """A way to quantize: in what it stores weights, in what it computes, and what a file's inputs and outputs are."""

    kind: str
    description: str
    suited_for: str
    input_output_type: str | None = None  # of a scheme that computes with integers, whose ranges come from samples
    wide: bool = False  # 16 bits for activations

    @property
    def needs_calibration(self) -> bool:
        """Whether ranges are read from samples."""
        return self.input_output_type is not None


SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "dynamic": Scheme(
            kind="weights only",
            description="weights in 8 bits, activations quantized while it runs; a quarter of the size",
            suited_for="CPUs; also where there are no samples, and for LSTMs, GRUs and transformers",
        ),
        "float16": Scheme(
            kind="half precision",
            description="weights in 16-bit floats; half the size, outputs almost unchanged",
            suited_for="mobile GPUs, which compute in half precision; a CPU still computes in 32 bits",
        ),
        "int8": Scheme(
            kind="full integer",
            description="integer arithmetic, int8 inputs and outputs; a quarter of the size, fastest on most hardware",
            suited_for="CPUs, DSPs and NPUs (Edge TPU, Hexagon, Ethos-U), microcontrollers",
            input_output_type="int8",
        ),
        "uint8": Scheme(
            kind="full integer",
            description="the same as int8, with uint8 inputs and outputs, which is what cameras deliver",
            suited_for="the same hardware, where the input is raw pixels",
            input_output_type="uint8",
        ),
        "int16x8": Scheme(
            kind="full integer, wide",
            description="16-bit activations, 8-bit weights; nearly as exact as float, slower than int8",
            suited_for="CPUs and DSPs that have the kernels; where int8 loses too much (audio, super-resolution)",
            input_output_type="float32",
            wide=True,
        ),
    }
)


def describe_schemes() -> str:
    """A paragraph for each scheme: its name, what it does, and what it is suited for."""
    return "\n".join(
        f"{name:8} {scheme.kind}{', needs --calibration' if scheme.needs_calibration else ''}\n"
        f"         {scheme.description}\n         for {scheme.suited_for}"
        for name, scheme in SCHEMES.items()
    )
