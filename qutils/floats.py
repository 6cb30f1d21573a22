"""What float32 costs: the bits of a number, the bytes and multiplications of a network."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Float32Fields",
    "LayerCost",
    "activation_peak_bytes",
    "float32_fields",
    "float32_from_fields",
    "float32_spacing",
    "network_cost",
    "weight_bytes",
]

BIAS = 127
FRACTION_BITS = 23

# Keras class -> kind. Weighted layers whose multiplications `network_cost` can count.
_WEIGHTED = {
    "Conv2D": "conv",
    "DepthwiseConv2D": "depthwise",
    "SeparableConv2D": "separable",
    "Dense": "dense",
}
_POOLING = {
    "AveragePooling2D": "pool",
    "MaxPooling2D": "pool",
    "GlobalAveragePooling2D": "pool",
    "GlobalMaxPooling2D": "pool",
    "ZeroPadding2D": "pad",
    "Softmax": "softmax",
}
# The converter folds these into a neighbor, or they only give the same bytes another shape.
_WITHOUT_BUFFER = {
    "BatchNormalization": "batch_norm",
    "ReLU": "activation",
    "Activation": "activation",
    "Dropout": "dropout",
    "Flatten": "reshape",
    "Reshape": "reshape",
}
_KINDS = _WEIGHTED | _POOLING | _WITHOUT_BUFFER


@dataclass(frozen=True)
class Float32Fields:
    """The three fields of float32 numbers (IEEE 754 binary32), as int64 arrays of one shape.

    Attributes
    ----------
    sign
        1 bit: 0 or 1.
    exponent
        8 bits as stored, 0 to 255: for normal numbers the power of two plus 127.
    fraction
        23 bits, 0 to 2**23 - 1: the digits after the leading 1 of a normal number.
    """

    sign: NDArray[np.int64]
    exponent: NDArray[np.int64]
    fraction: NDArray[np.int64]


def float32_fields(x: ArrayLike) -> Float32Fields:
    """Take float32 numbers apart into sign, exponent and fraction.

    A normal number is ``(-1)**sign * 2**(exponent - 127) * (1 + fraction / 2**23)``; exponent 0
    marks zero and the subnormal numbers, 255 infinity and NaN.

    Parameters
    ----------
    x
        Real values of any shape; rounded to float32 first.

    Returns
    -------
    Float32Fields
        Arrays of the same shape.

    Notes
    -----
    IEEE 754-2019, section 3.4.

    Examples
    --------
    -0.75 is -1.5 * 2**-1:

    >>> fields = float32_fields(-0.75)
    >>> int(fields.sign), int(fields.exponent) - 127, int(fields.fraction) / 2**23
    (1, -1, 0.5)
    """
    with np.errstate(over="ignore"):
        word = np.asarray(x, dtype=np.float32).view(np.uint32).astype(np.int64)
    return Float32Fields(
        sign=word >> 31,
        exponent=(word >> FRACTION_BITS) & 0xFF,
        fraction=word & (2**FRACTION_BITS - 1),
    )


def float32_from_fields(fields: Float32Fields) -> NDArray[np.float32]:
    """Put sign, exponent and fraction together again: the inverse of `float32_fields`.

    Returns
    -------
    float32 array of the fields' shape.

    Raises
    ------
    ValueError
        A field is wider than its bits.

    Examples
    --------
    >>> float(float32_from_fields(float32_fields(0.1)))
    0.10000000149011612
    """
    for name, bits in (("sign", 1), ("exponent", 8), ("fraction", FRACTION_BITS)):
        value = np.asarray(getattr(fields, name))
        if ((value < 0) | (value >= 2**bits)).any():
            raise ValueError(f"{name} must fit {bits} bits, got {value}")
    sign, exponent, fraction = (
        np.asarray(field, dtype=np.int64)
        for field in (fields.sign, fields.exponent, fields.fraction)
    )
    word = (sign << 31) | (exponent << FRACTION_BITS) | fraction
    return word.astype(np.uint32).view(np.float32)


def float32_spacing(x: ArrayLike) -> NDArray[np.float32]:
    """Distance from each number to the next larger float32 in magnitude (one ulp).

    ``2**(exponent - 127 - 23)`` for normal numbers: it grows with the number, where the step of
    an integer format is the same everywhere.

    Parameters
    ----------
    x
        Finite real values of any shape; rounded to float32 first.

    Returns
    -------
    float32 array of the same shape, > 0.

    Raises
    ------
    ValueError
        `x` holds NaN or infinity.

    Examples
    --------
    >>> float32_spacing([1.0, 2.0**24]).tolist()
    [1.1920928955078125e-07, 2.0]
    """
    with np.errstate(over="ignore"):
        values = np.asarray(x, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError("NaN and infinity have no spacing")
    exponent = np.maximum(float32_fields(values).exponent, 1)  # subnormals share the smallest
    return np.ldexp(np.float32(1.0), exponent - (BIAS + FRACTION_BITS)).astype(np.float32)


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs for one input.

    Attributes
    ----------
    name, kind
        The layer's name; "conv", "depthwise", "separable", "dense", "pool", "pad", "softmax",
        "batch_norm", "activation", "dropout" or "reshape".
    parameters
        Number of stored values, batch-norm statistics included.
    weight_bytes, input_bytes, output_bytes
        Bytes of the parameters, of what goes in and of what comes out.
    macs
        Multiply-accumulate operations; 0 for layers without a kernel.
    """

    name: str
    kind: str
    parameters: int
    weight_bytes: int
    input_bytes: int
    output_bytes: int
    macs: int


def network_cost(model: Any, bytes_per_value: int = 4) -> list[LayerCost]:
    """List what each layer of a Keras network costs in memory and multiplications.

    Parameters
    ----------
    model
        A built Keras model, a plain chain of layers. Only its attributes are read; Keras is not
        imported.
    bytes_per_value
        Of weights and activations: 4 for float32, 1 for int8. (In an int8 file the biases stay
        int32, and there are scales: this is the count without them.)

    Returns
    -------
    list of LayerCost
        In order, without the input layer.

    Raises
    ------
    ValueError
        A kind of layer that is not known here, a layer with several inputs (not a chain), or
        `bytes_per_value` below 1; the message names the layer.

    Notes
    -----
    Each output position of a convolution costs one multiplication per kernel weight that a
    position uses: ``macs = positions * prod(kernel.shape)``, and a dense layer has one position.

    Examples
    --------
    >>> from qutils.nets import build
    >>> costs = network_cost(build("large_cnn"))
    >>> costs[0].name, costs[0].parameters, costs[0].macs
    ('conv1', 160, 112896)
    >>> weight_bytes(costs), activation_peak_bytes(costs)
    (827688, 62720)
    """
    if bytes_per_value < 1:
        raise ValueError(f"bytes_per_value must be at least 1, got {bytes_per_value}")
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    return [_layer_cost(layer, bytes_per_value) for layer in layers]


def weight_bytes(costs: list[LayerCost]) -> int:
    """Bytes of all weights: what a device keeps in flash, file format and code not counted.

    Examples
    --------
    >>> weight_bytes([LayerCost("fc", "dense", 6, 24, 8, 12, 6)])
    24
    """
    return sum(cost.weight_bytes for cost in costs)


def activation_peak_bytes(costs: list[LayerCost]) -> int:
    """Bytes of RAM at the worst moment: the largest sum of one layer's input and output.

    While a layer runs, both are alive. Batch norm, activations and dropout are folded away by
    the converter and a reshape moves nothing, so they are not counted.

    Examples
    --------
    >>> activation_peak_bytes([LayerCost("fc", "dense", 6, 24, 8, 12, 6)])
    20
    """
    folded = set(_WITHOUT_BUFFER.values())
    buffers = [c.input_bytes + c.output_bytes for c in costs if c.kind not in folded]
    return max(buffers, default=0)


def _layer_cost(layer: Any, bytes_per_value: int) -> LayerCost:
    kind = _KINDS.get(type(layer).__name__)
    if kind is None:
        raise ValueError(
            f"layer {layer.name!r} is a {type(layer).__name__}, whose cost is not known here; "
            f"known: {', '.join(sorted(_KINDS))}"
        )
    if isinstance(layer.input, list | tuple):
        raise ValueError(f"layer {layer.name!r} has several inputs: the network is no chain")
    parameters = sum(prod(weight.shape) for weight in layer.weights)
    return LayerCost(
        name=layer.name,
        kind=kind,
        parameters=parameters,
        weight_bytes=parameters * bytes_per_value,
        input_bytes=prod(layer.input.shape[1:]) * bytes_per_value,
        output_bytes=prod(layer.output.shape[1:]) * bytes_per_value,
        macs=_macs(layer),
    )


def _macs(layer: Any) -> int:
    kernels = [w for w in layer.weights if "kernel" in w.name.rpartition("/")[2]]
    positions = prod(layer.output.shape[1:-1])
    return positions * sum(prod(kernel.shape) for kernel in kernels)
