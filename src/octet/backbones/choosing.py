"""The backbones that a recipe can name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from octet.backbones.backbone import Backbone
from octet.backbones.mobilenet_v2 import MobileNetV2

# By name: from the side of the pictures and the width, as a share of the original's channels
BACKBONES: Mapping[str, Callable[[int, float], Backbone]] = MappingProxyType({"mobilenet_v2": MobileNetV2})
