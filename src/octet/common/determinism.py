"""Settings that make TensorFlow compute the same bytes from the same inputs, and start sooner."""

from octet.common.tensorflow import config_pb2, context, keras, rewriter_config_pb2, tf

_IN_PLACE_OF_0 = 2**31  # no recipe can have it


def make_deterministic(seed: int) -> None:
    """Seed all random generators, forbid nondeterministic kernels, and keep the order in which gradients are added."""
    keras.utils.set_random_seed(seed)
    if seed == 0:  # TensorFlow would then compare the other seed with 0, which it cannot where that is a tensor
        tf.random.set_seed(_IN_PLACE_OF_0)
    tf.config.experimental.enable_op_determinism()
    # TensorFlow's memory optimizer rewrites a sum of three or more gradients so that they are added as they arrive. On
    # a busy machine they arrive in another order, which changes the last bits. There is no public switch for it.
    options = context.context().function_call_options
    config = config_pb2.ConfigProto.FromString(options.config_proto_serialized)
    rewriting = config.graph_options.rewrite_options
    rewriting.memory_optimization = rewriter_config_pb2.RewriterConfig.NO_MEM_OPT
    # It rewrites each graph twice: the second time takes seconds, finds next to nothing and makes no step faster.
    rewriting.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    options.config_proto_serialized = config
