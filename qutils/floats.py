"""What floats cost: the bits of a number, the bytes and multiplications of a network."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.values import real_values

__all__ = [
    "BFLOAT16",
    "FLOAT16",
    "FLOAT32",
    "FloatFields",
    "FloatFormat",
    "LayerCost",
    "activation_peak_bytes",
    "float_fields",
    "float_from_fields",
    "float_spacing",
    "network_cost",
    "round_to_format",
    "weight_bytes",
]

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
class FloatFormat:
    """A binary floating-point format with infinities and subnormal numbers (IEEE 754).

    Attributes
    ----------
    exponent_bits, fraction_bits
        Widths of the two fields beside the sign.

    Examples
    --------
    >>> FLOAT16.bits, FLOAT16.bias, FLOAT16.largest
    (16, 15, 65504.0)
    """

    exponent_bits: int
    fraction_bits: int

    @property
    def bits(self) -> int:
        """Width of a number."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def bias(self) -> int:
        """What is added to the power of two of a normal number before it is stored."""
        return 2 ** (self.exponent_bits - 1) - 1

    @property
    def largest(self) -> float:
        """Largest finite number."""
        return (2 - 2.0**-self.fraction_bits) * 2.0**self.bias

    @property
    def smallest_normal(self) -> float:
        """Smallest number above 0 with all digits of the fraction."""
        return 2.0 ** (1 - self.bias)


FLOAT32 = FloatFormat(exponent_bits=8, fraction_bits=23)
FLOAT16 = FloatFormat(exponent_bits=5, fraction_bits=10)
# The upper half of a float32: its range with fewer digits.
BFLOAT16 = FloatFormat(exponent_bits=8, fraction_bits=7)


@dataclass(frozen=True)
class FloatFields:
    """The three fields of floating-point numbers, as int64 arrays of one shape.

    Attributes
    ----------
    sign
        1 bit: 0 or 1.
    exponent
        As stored: for normal numbers the power of two plus the format's bias.
    fraction
        The digits after the leading 1 of a normal number, as a whole number.
    """

    sign: NDArray[np.int64]
    exponent: NDArray[np.int64]
    fraction: NDArray[np.int64]


def float_fields(x: ArrayLike, form: FloatFormat = FLOAT32) -> FloatFields:
    """Take floating-point numbers apart into sign, exponent and fraction.

    A normal number is
    ``(-1)**sign * 2**(exponent - bias) * (1 + fraction / 2**fraction_bits)``; exponent 0 marks
    zero and the subnormal numbers, the largest exponent infinity and NaN.

    Parameters
    ----------
    x
        Real values of any shape; rounded to float32 first, then to `form`, half to even.
    form
        FLOAT32, FLOAT16 or BFLOAT16.

    Returns
    -------
    FloatFields
        Arrays of the same shape.

    Notes
    -----
    IEEE 754-2019, section 3.4.

    Examples
    --------
    -0.75 is -1.5 * 2**-1:

    >>> fields = float_fields(-0.75)
    >>> int(fields.sign), int(fields.exponent) - 127, int(fields.fraction) / 2**23
    (1, -1, 0.5)
    """
    word = _bits_as_integers(x, form)
    return FloatFields(
        sign=word >> (form.bits - 1),
        exponent=(word >> form.fraction_bits) & (2**form.exponent_bits - 1),
        fraction=word & (2**form.fraction_bits - 1),
    )


def float_from_fields(fields: FloatFields, form: FloatFormat = FLOAT32) -> NDArray[np.float32]:
    """Put sign, exponent and fraction together again: the inverse of `float_fields`.

    Returns
    -------
    float32 array of the fields' shape; it holds every number of the three formats exactly.

    Raises
    ------
    ValueError
        A field is wider than its bits.

    Examples
    --------
    >>> float(float_from_fields(float_fields(0.1)))
    0.10000000149011612
    """
    word = np.zeros((), dtype=np.int64)
    for name, bits in (
        ("sign", 1),
        ("exponent", form.exponent_bits),
        ("fraction", form.fraction_bits),
    ):
        value = np.asarray(getattr(fields, name), dtype=np.int64)
        if ((value < 0) | (value >= 2**bits)).any():
            raise ValueError(f"{name} must fit {bits} bits, got {value}")
        word = (word << bits) | value
    if form == FLOAT16:
        return word.astype(np.uint16).view(np.float16).astype(np.float32)
    return (word << (32 - form.bits)).astype(np.uint32).view(np.float32)


def round_to_format(x: ArrayLike, form: FloatFormat) -> NDArray[np.float32]:
    """Return the nearest numbers that a format has, ties to the even fraction.

    Parameters
    ----------
    x
        Real values of any shape; rounded to float32 first.
    form
        FLOAT32, FLOAT16 or BFLOAT16.

    Returns
    -------
    float32 array of the same shape. Beyond the largest number of the format it is infinite.

    Examples
    --------
    float16 keeps more digits, bfloat16 more range:

    >>> [round_to_format([0.1, 70_000.0], form).tolist() for form in (FLOAT16, BFLOAT16)]
    [[0.0999755859375, inf], [0.10009765625, 70144.0]]
    """
    return float_from_fields(float_fields(x, form), form)


def float_spacing(x: ArrayLike, form: FloatFormat = FLOAT32) -> NDArray[np.float32]:
    """Distance from each number to the next larger one in magnitude (one ulp).

    ``2**(exponent - bias - fraction_bits)`` for normal numbers: it grows with the number, where
    the step of an integer format is the same everywhere.

    Parameters
    ----------
    x
        Real values of any shape, finite in `form`; rounded to it first.
    form
        FLOAT32, FLOAT16 or BFLOAT16.

    Returns
    -------
    float32 array of the same shape, > 0.

    Raises
    ------
    ValueError
        `x` holds NaN or infinity, or rounds to it.

    Examples
    --------
    >>> float_spacing([1.0, 2.0**24]).tolist()
    [1.1920928955078125e-07, 2.0]
    >>> float_spacing([1.0, 2.0**15], FLOAT16).tolist()
    [0.0009765625, 32.0]
    """
    exponent = float_fields(x, form).exponent
    if (exponent == 2**form.exponent_bits - 1).any():
        raise ValueError("NaN and infinity have no spacing")
    exponent = np.maximum(exponent, 1)  # subnormals share the smallest
    return np.ldexp(np.float32(1.0), exponent - (form.bias + form.fraction_bits)).astype(np.float32)


def _bits_as_integers(x: ArrayLike, form: FloatFormat) -> NDArray[np.int64]:
    """Read the bits of numbers in a format as integers."""
    with np.errstate(over="ignore"):
        values = real_values(x).astype(np.float32)
        if form == FLOAT16:
            return values.astype(np.float16).view(np.uint16).astype(np.int64)
    word = values.view(np.uint32).astype(np.int64)
    if form == FLOAT32:
        return word
    if form != BFLOAT16:
        raise ValueError(f"the formats are FLOAT32, FLOAT16 and BFLOAT16, got {form}")
    even = (word >> 16) & 1
    # A carry out of the fraction goes to the exponent, where it belongs; not so for NaN.
    quiet_nan = (word >> 16) | 0x40
    return np.where(np.isnan(values), quiet_nan, (word + 0x7FFF + even) >> 16)


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

    @property
    def live_bytes(self) -> int:
        """Bytes of activations while the layer runs: its input and its output.

        0 for batch norm, activations and dropout, which the converter folds into a neighbor, and
        for a reshape, which moves nothing.
        """
        folded = self.kind in _WITHOUT_BUFFER.values()
        return 0 if folded else self.input_bytes + self.output_bytes


def network_cost(
    model: Any, *, weight_bits: int = 32, activation_bits: int = 32
) -> list[LayerCost]:
    """List what each layer of a Keras network costs in memory and multiplications.

    Parameters
    ----------
    model
        A built Keras model, a plain chain of layers. Only its attributes are read; Keras is not
        imported.
    weight_bits, activation_bits
        Of each value: 32 for float32, 8 for int8, 4 for int4 packed two to a byte. (In an int8
        file the biases stay int32, and there are scales: this is the count without them.)

    Returns
    -------
    list of LayerCost
        In order, without the input layer.

    Raises
    ------
    ValueError
        A kind of layer that is not known here, or one with several inputs (not a chain), which
        the message names; or bits below 1.

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
    if min(weight_bits, activation_bits) < 1:
        raise ValueError(f"a value takes at least 1 bit, got {weight_bits} and {activation_bits}")
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    return [_layer_cost(layer, weight_bits, activation_bits) for layer in layers]


def weight_bytes(costs: list[LayerCost]) -> int:
    """Bytes of all weights: what a device keeps in flash, file format and code not counted.

    Examples
    --------
    >>> weight_bytes([LayerCost("fc", "dense", 6, 24, 8, 12, 6)])
    24
    """
    return sum(cost.weight_bytes for cost in costs)


def activation_peak_bytes(costs: list[LayerCost]) -> int:
    """Bytes of RAM at the worst moment: the largest `LayerCost.live_bytes`.

    Examples
    --------
    >>> activation_peak_bytes([LayerCost("fc", "dense", 6, 24, 8, 12, 6)])
    20
    """
    return max((cost.live_bytes for cost in costs), default=0)


def _layer_cost(layer: Any, weight_bits: int, activation_bits: int) -> LayerCost:
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
        weight_bytes=_whole_bytes(parameters * weight_bits),
        input_bytes=_whole_bytes(prod(layer.input.shape[1:]) * activation_bits),
        output_bytes=_whole_bytes(prod(layer.output.shape[1:]) * activation_bits),
        macs=_macs(layer),
    )


def _whole_bytes(bits: int) -> int:
    return (bits + 7) // 8


def _macs(layer: Any) -> int:
    kernels = [w for w in layer.weights if "kernel" in w.name.rpartition("/")[2]]
    positions = prod(layer.output.shape[1:-1])
    return positions * sum(prod(kernel.shape) for kernel in kernels)
