"""The variants of a recipe's model: three Keras ones, and every file of the ladder."""

from pathlib import Path

KERAS = ("float", "control", "qat")


def variant_files(models: Path, shipped: str) -> dict[str, Path]:
    """The file of each variant, in the order in which they are told of; `shipped` is the uint8 one's name."""
    ladder = models / "tflite"
    return {
        **{name: models / name / "weights.h5" for name in KERAS},
        **{name: ladder / f"{name}.tflite" for name in ("float32", "float16", "dynamic", "int8_ptq")},
        "uint8": models / shipped,
        "uint8_raw": ladder / "uint8_raw.tflite",
    }
