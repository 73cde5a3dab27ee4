"""Traces classifiers as graphs that can be converted."""

from octet.common.tensorflow import keras, tf
from octet.tflite.files.conversion import TracedGraph, trace_graph


def trace_classifier(model: keras.Model) -> TracedGraph:
    """The graph from a picture [1, S, S, 3] to the probabilities of the classes [1, C]."""

    def classifier(pictures: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(model(pictures, training=False))

    picture = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, "pictures")
    return trace_graph(classifier, model.variables, picture)
