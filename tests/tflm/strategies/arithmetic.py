"""Element-wise operators, activations, SOFTMAX and changes of scale or type."""

from collections.abc import Callable

import numpy as np
from flatmodel import Graph, Op, T, constant

Case = Callable[[np.random.Generator], bytes]

ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6")


def _shape(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, 8, rng.integers(1, 5)))


def _scale(rng: np.random.Generator, type: str, low: float = 0.01, high: float = 0.3) -> float:
    """Draw a scale; an int16 range of values is as wide as an int8 one."""
    step = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return step / 256 if type == "INT16" else step


def _tensor(rng: np.random.Generator, shape, type: str, scale: float | None = None) -> T:
    if type == "FLOAT32":
        return T(shape, type)
    scale = _scale(rng, type) if scale is None else scale
    zero_point = 0
    if type in ("INT8", "UINT8"):
        limits = np.iinfo(type.lower())
        zero_point = int(rng.integers(limits.min, limits.max + 1))
    return T(shape, type, scale=scale, zero_point=zero_point)


def _constant(rng: np.random.Generator, tensor: T) -> T:
    """Return a constant that takes the place of an activation."""
    if tensor.type == "FLOAT32":
        return constant(rng.normal(0, 5, tensor.shape), "FLOAT32")
    limits = np.iinfo(tensor.type.lower())
    values = rng.integers(limits.min, limits.max, tensor.shape, endpoint=True)
    return constant(values, tensor.type, scale=tensor.scale, zero_point=tensor.zero_point)


def _operands(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Draw two shapes that broadcast."""
    shape = _shape(rng)
    shapes = [shape, shape]
    if rng.random() < 0.6:
        shapes[1] = tuple(n if rng.random() < 0.5 else 1 for n in shape)
        shapes[1] = shapes[1][int(rng.integers(len(shape))) :]
    if rng.random() < 0.3:
        shapes[0] = tuple(n if rng.random() < 0.7 else 1 for n in shape)
    return (shapes[0], shapes[1]) if rng.random() < 0.5 else (shapes[1], shapes[0])


def _pair(name: str, type: str) -> Case:
    def draw(rng: np.random.Generator) -> bytes:
        shapes = _operands(rng)
        inputs = [_tensor(rng, shape, type) for shape in shapes]
        output_scale = None
        if type != "FLOAT32":
            first, second = (float(t.scale) for t in inputs)
            steps = 64 * 256 if type == "INT16" else 64
            spread = first * second * steps if name == "MUL" else first + second
            output_scale = spread * rng.uniform(0.3, 2)
        output = _tensor(rng, np.broadcast_shapes(*shapes), type, output_scale)
        used = [0, 1]
        if rng.random() < 0.3:
            fixed = int(rng.integers(2))
            inputs[fixed] = _constant(rng, inputs[fixed])
            used.remove(fixed)
        options = {}
        if name in ("ADD", "SUB", "MUL"):
            options["activation"] = str(rng.choice(ACTIVATIONS))
        operator = Op(name, (0, 1), (2,), options)
        return Graph((*inputs, output), (operator,), tuple(used), (2,)).to_bytes()

    return draw


def _one(name: str, type: str, output_type: str = "", **draws: Callable) -> Case:
    """Draw an operator with one input; `draws` make its output tensor and its options."""

    def draw(rng: np.random.Generator) -> bytes:
        shape = _shape(rng)
        if rng.random() < 0.3:
            shape = (1, int(rng.integers(1, 600)))
        source = _tensor(rng, shape, type)
        target = _tensor(rng, shape, output_type or type, _near(rng, source, output_type or type))
        if "output" in draws:
            target = draws["output"](target, source)
        options = draws["options"](rng) if "options" in draws else {}
        return Graph((source, target), (Op(name, (0,), (1,), options),), (0,), (1,)).to_bytes()

    return draw


def _near(rng: np.random.Generator, source: T, type: str) -> float | None:
    """Draw a scale with which the values of `source` fill the range of `type`."""
    if type == "FLOAT32" or source.scale is None:
        return None
    bits = {"INT8": 8, "UINT8": 8, "INT16": 16, "INT32": 16}
    wider = 2.0 ** (bits[source.type] - bits[type])
    return float(source.scale) * wider * float(np.exp(rng.uniform(-1.5, 1.5)))


def _fixed(scale: float, zero_point: int) -> Callable[[T, T], T]:
    """Make an output whose scale and zero point TFLM prescribes."""
    return lambda target, source: T(target.shape, target.type, scale=scale, zero_point=zero_point)


def _alpha(rng: np.random.Generator) -> dict[str, float]:
    return {"alpha": float(rng.choice([0.0, 0.01, 0.1, 0.2, 0.3, 1.5, -0.25, rng.uniform(0, 1)]))}


def _beta(rng: np.random.Generator) -> dict[str, float]:
    return {"beta": float(rng.choice([1.0, 1.0, 0.5, rng.uniform(0.3, 2)]))}


PAIRS = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM")
TYPES = ("INT8", "INT16", "FLOAT32")
QUANTIZED = (
    *(("FLOAT32", to) for to in ("INT8", "INT16")),
    *(("INT8", to) for to in ("INT8", "UINT8", "INT16", "INT32")),
    *(("INT16", to) for to in ("INT8", "INT16", "INT32")),
    *(("INT32", to) for to in ("INT8", "INT16")),
    ("UINT8", "INT8"),
)
OUTPUTS = {
    ("LOGISTIC", "INT8"): _fixed(1 / 256, -128),
    ("LOGISTIC", "INT16"): _fixed(1 / 32768, 0),
    ("TANH", "INT8"): _fixed(1 / 128, 0),
    ("TANH", "INT16"): _fixed(1 / 32768, 0),
}
SOFTMAX = (
    ("INT8", "INT8", _fixed(1 / 256, -128)),
    ("INT8", "INT16", _fixed(1 / 65536, -32768)),
    ("INT16", "INT16", _fixed(1 / 32768, 0)),
)

CASES: dict[str, Case] = {
    **{f"{n} {t.lower()}": _pair(n, t) for n in PAIRS for t in TYPES},
    **{f"{n} {t.lower()}": _one(n, t) for n in ("RELU", "RELU6") for t in TYPES},
    **{f"LEAKY_RELU {t.lower()}": _one("LEAKY_RELU", t, options=_alpha) for t in TYPES},
    **{f"HARD_SWISH {t.lower()}": _one("HARD_SWISH", t) for t in ("INT8", "FLOAT32")},
    **{f"{n} {t.lower()}": _one(n, t, output=o) for (n, t), o in OUTPUTS.items()},
    **{f"{n} float32": _one(n, "FLOAT32") for n in ("LOGISTIC", "TANH")},
    **{
        f"SOFTMAX {a.lower()} to {b.lower()}": _one("SOFTMAX", a, b, output=o, options=_beta)
        for a, b, o in SOFTMAX
    },
    "SOFTMAX float32": _one("SOFTMAX", "FLOAT32", options=_beta),
    **{f"QUANTIZE {a.lower()} to {b.lower()}": _one("QUANTIZE", a, b) for a, b in QUANTIZED},
    **{
        f"DEQUANTIZE {a.lower()}": _one("DEQUANTIZE", a, "FLOAT32")
        for a in ("INT8", "INT16", "UINT8")
    },
}
# Relative errors that the C library's functions account for: see the tests of each operator.
BOUNDS = {"LOGISTIC float32": 2.0**-23, "TANH float32": 2.0**-22, "SOFTMAX float32": 2.0**-22}
