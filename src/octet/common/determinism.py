"""The same bytes from the same inputs."""

from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
from tensorflow.python.eager import context

from octet.common.tensorflow import keras, tf


def make_deterministic(seed: int) -> None:
    """Seed everything, refuse nondeterministic kernels, and keep sums in the order in which they are written."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    # TensorFlow's memory optimizer turns a sum of three gradients and more into one that adds them as they come, and
    # on a busy machine they come in another order: other last bits. It has no public switch.
    options = context.context().function_call_options
    config = config_pb2.ConfigProto.FromString(options.config_proto_serialized)
    config.graph_options.rewrite_options.memory_optimization = rewriter_config_pb2.RewriterConfig.NO_MEM_OPT
    options.config_proto_serialized = config
