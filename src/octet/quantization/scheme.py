"""The scheme by which layers are quantized: TFMOT's 8-bit scheme, but where the integer file computes otherwise."""

from typing import Any

from octet.common.tensorflow import keras, tf
from octet.quantization.tfmot import LastValueQuantizer, configs, registry, scheme


class DepthwiseWeightsQuantizer(LastValueQuantizer):
    """Rounds a depthwise kernel [H, W, C, 1] with one symmetric range a channel.

    TFMOT takes the range along the last axis, which has one element there: all channels would share a scale, and a
    network whose channels differ by orders of magnitude does not survive that.
    """

    def __init__(self) -> None:
        super().__init__(num_bits=8, per_axis=True, symmetric=True, narrow_range=True)

    def build(self, tensor_shape: tf.TensorShape, name: str, layer: keras.layers.Layer) -> dict[str, tf.Variable]:
        return {
            end: layer.add_weight(
                f"{name}_{end.removesuffix('_var')}",
                shape=(tensor_shape[2],),
                initializer=keras.initializers.Constant(start),
                trainable=False,
            )
            for end, start in (("min_var", -6.0), ("max_var", 6.0))
        }

    def __call__(self, inputs: tf.Tensor, training: bool, weights: dict[str, tf.Variable], **kwargs: Any) -> tf.Tensor:
        channels_last = tf.transpose(inputs, [0, 1, 3, 2])  # [H, W, 1, C]
        return tf.transpose(super().__call__(channels_last, training, weights, **kwargs), [0, 1, 3, 2])

    def get_config(self) -> dict[str, Any]:
        return {}


class DepthwiseQuantizeConfig(registry.Default8BitConvQuantizeConfig):
    """TFMOT's configuration for convolutions, with one range a channel for a depthwise kernel."""

    def __init__(self) -> None:
        super().__init__(["depthwise_kernel"], ["activation"], quantize_output=False)
        self.weight_quantizer = DepthwiseWeightsQuantizer()

    def get_config(self) -> dict[str, Any]:
        return {}


class UnroundedOutputConfig(registry.Default8BitConvQuantizeConfig):
    """TFMOT's configuration for convolutions, without rounding the output, which the next layer rounds."""

    def __init__(self) -> None:
        super().__init__(["kernel"], [], quantize_output=False)

    def get_config(self) -> dict[str, Any]:
        return {}


class _Registry(registry.Default8BitQuantizeRegistry):
    def get_quantize_config(self, layer: keras.layers.Layer) -> Any:  # one of TFMOT's configurations
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            return DepthwiseQuantizeConfig()
        if isinstance(layer, keras.layers.UpSampling2D):
            return configs.NoOpQuantizeConfig()  # the file's operator keeps the scale of its input
        return super().get_quantize_config(layer)


class PerChannelScheme(scheme.Default8BitQuantizeScheme):
    """TFMOT's 8-bit scheme, with one range a channel for depthwise kernels, and none of its own for upsampling."""

    def get_quantize_registry(self) -> registry.Default8BitQuantizeRegistry:
        return _Registry()


CUSTOM_OBJECTS = {
    custom.__name__: custom for custom in (DepthwiseWeightsQuantizer, DepthwiseQuantizeConfig, UnroundedOutputConfig)
}
