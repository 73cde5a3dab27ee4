"""What the metadata of a file of any origin says about its pixels."""

from typing import Any

import pytest

from octet.tflite.opening.any_file import pixel_normalization


def metadata(mean: list[float], std: list[float]) -> dict[str, Any]:
    unit = {"options": {"NormalizationOptions": {"mean": mean, "std": std}}}
    return {"subgraph_metadata": [{"input_tensor_metadata": [{"process_units": [{"options": {}}, unit]}]}]}


def test_one_mean_for_all_colours() -> None:
    assert pixel_normalization(metadata([127.5], [127.5])) == (127.5, 127.5)
    assert pixel_normalization(metadata([0.0] * 3, [255.0] * 3)) == (0.0, 255.0)


@pytest.mark.parametrize(
    ("mean", "std", "told"),
    [
        ([123.7, 116.3, 103.5], [58.0], "by colour"),
        ([0.0], [58.4, 57.1, 57.4], "by colour"),
        ([0.0], [0.0], "standard deviation 0"),
        ([float("nan")], [1.0], "mean nan"),
    ],
)
def test_what_it_cannot_apply_is_refused(mean: list[float], std: list[float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        pixel_normalization(metadata(mean, std))
