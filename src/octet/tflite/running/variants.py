"""The variants of a recipe's model: three Keras networks and all TFLite files."""

from pathlib import Path

KERAS = ("float", "control", "qat")


def variant_files(models: Path, shipped: str) -> dict[str, Path]:
    """The file of each variant, in the order of tables; `shipped` is the file name of the variant uint8."""
    ladder = models / "tflite"
    return {
        **{name: models / name / "weights.h5" for name in KERAS},
        **{name: ladder / f"{name}.tflite" for name in ("float32", "float16", "dynamic", "int8_ptq")},
        "uint8": models / shipped,
        "uint8_raw": ladder / "uint8_raw.tflite",
    }
