"""Traces classifiers as graphs that can be converted."""

from octet.common.tensorflow import keras, tf
from octet.tflite.files.conversion import TracedGraph, trace_network


def trace_classifier(model: keras.Model) -> TracedGraph:
    """The graph from a picture [1, S, S, 3] to the probabilities of the classes [1, C]."""
    return trace_network(model, tf.nn.softmax)
