"""Keras model -> bytes of a ``.tflite`` file, in one place, silently, and checked.

TensorFlow is imported when a model is converted, not before.
"""

import warnings
from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np

from qutils._keras import import_tensorflow, quiet
from qutils.errors import ConversionError
from qutils.tflm.graph import Operator, Subgraph, Tensor
from qutils.tflm.parse import parse_subgraphs, root_table

__all__ = ["MODES", "Mode", "to_tflite", "with_ranges_of_its_own"]

Mode = Literal["float32", "dynamic", "float16", "int8"]
MODES: tuple[str, ...] = get_args(Mode)


def to_tflite(
    model: Any,
    mode: Mode = "float32",
    representative_dataset: Any = None,
    per_channel: bool = True,
) -> bytes:
    """Convert a Keras model to a ``.tflite`` file.

    Parameters
    ----------
    model
        A built ``tf_keras`` model with one input. With every layer named, the same weights give
        the same bytes.
    mode
        "float32": as trained. "dynamic": weights int8, activations float32 in the file. "float16":
        weights float16. "int8": weights, activations, input and output int8, biases int32.
    representative_dataset
        For "int8" only, and needed there: inputs from which the ranges of the activations are
        learned. An array (N, ...) of the model's input shape, or an iterable of arrays that are
        either one input (...) or a batch (n, ...).
    per_channel
        Whether int8 weights get one scale per output channel (the converter's default) or one
        per tensor, in convolutions and dense layers alike.

    Returns
    -------
    bytes
        The content of the file.

    Raises
    ------
    ValueError
        Unknown mode; a representative data set that is missing, empty, of another shape than the
        input, or holds NaN or infinity, or that is given where nothing is calibrated.
    ConversionError
        The converter failed, or its int8 file holds float tensors; each is named.

    Notes
    -----
    ``tf.lite.TFLiteConverter``, with its settings ``_experimental_disable_per_channel`` and
    ``_experimental_disable_per_channel_quantization_for_dense_layers``.

    Examples
    --------
    >>> from qutils._keras import import_keras
    >>> keras = import_keras()
    >>> dense = keras.layers.Dense(3, name="dense")
    >>> model = keras.Sequential([keras.layers.InputLayer((2,), name="x"), dense])
    >>> content = to_tflite(model, "int8", np.eye(2, dtype=np.float32))
    >>> content[4:8]
    b'TFL3'
    """
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}; there are: {', '.join(MODES)}")
    if isinstance(model.input_shape, list):
        raise ValueError(f"only models with one input are converted, got {model.input_shape}")
    if mode == "int8":
        samples = _samples(representative_dataset, tuple(model.input_shape[1:]))
    elif representative_dataset is not None:
        raise ValueError(f'a representative data set has no use in mode {mode!r}, only in "int8"')
    else:
        samples = []
    content = _convert(model, mode, samples, per_channel)
    if mode == "int8":
        _check_int8(content)
    return content


def with_ranges_of_its_own(model: Any, per_channel: bool) -> bytes:
    """Convert a Keras model to int8 whose fake-quantization operators say every range.

    Raises
    ------
    ConversionError
        The converter failed, or the file holds float tensors: a range is missing.
    """
    content = _convert(model, "int8", [], per_channel)
    _check_int8(content)
    return content


def _convert(model: Any, mode: str, samples: list[np.ndarray], per_channel: bool) -> bytes:
    tf = import_tensorflow()
    with quiet(), warnings.catch_warnings(action="ignore"):
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if mode != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if mode == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if mode == "int8":
            if samples:
                converter.representative_dataset = lambda: ([sample] for sample in samples)
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        converter._experimental_disable_per_channel = not per_channel
        converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel
        try:
            return bytes(converter.convert())
        except Exception as error:
            raise ConversionError(f"the converter failed in mode {mode!r}: {error}") from error


def _samples(dataset: Any, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Return the data set as float32 arrays (1, ...), in order, checked."""
    if dataset is None:
        raise ValueError('mode "int8" needs a representative_dataset: typical inputs of the model')
    samples = [sample for given in dataset for sample in _split(given, shape)]
    if not samples:
        raise ValueError("the representative data set is empty")
    return samples


def _split(given: Any, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield the inputs (1, ...) of one input (...) or one batch (n, ...)."""
    array = np.asarray(given, dtype=np.float32)
    if array.shape == shape:
        array = array[np.newaxis]
    if array.shape[1:] != shape:
        raise ValueError(
            f"the representative data set holds an array of shape {array.shape}; the model takes "
            f"{shape} or batches of it"
        )
    if not np.isfinite(array).all():
        raise ValueError("the representative data set holds NaN or infinity")
    for sample in array:
        yield sample[np.newaxis]


def _check_int8(content: bytes) -> None:
    """Raise ConversionError where a float tensor is left in the file."""
    offenders = [
        f"{tensor.label}, {tensor.type}, {_place(tensor, subgraph)}"
        for subgraph in parse_subgraphs(root_table(content))
        for tensor in subgraph.tensors
        if tensor.type.startswith(("FLOAT", "BFLOAT"))
    ]
    if offenders:
        raise ConversionError(
            "the file is not int8: these tensors are still float. Usual causes: fake-quantization "
            "layers left in the model, or an operator without an int8 form.\n  "
            + "\n  ".join(offenders)
        )


def _place(tensor: Tensor, subgraph: Subgraph) -> str:
    users = [operator for operator in subgraph.operators if _touches(operator, tensor)]
    names = ", ".join(f"operator {operator.index} {operator.name}" for operator in users)
    return f"at {names}" if users else "used by no operator"


def _touches(operator: Operator, tensor: Tensor) -> bool:
    tensors = (*operator.inputs, *operator.outputs)
    return any(t is not None and t.index == tensor.index for t in tensors)
