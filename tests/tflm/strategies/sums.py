"""Layers that add up products or elements, of every type that TFLM has them in.

Each case draws a layer on a small image, or on a few rows: strides, paddings, dilations, groups,
depth multipliers, scales for the tensor or for each channel, biases of each width or none, fused
activations.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from flatmodel import Op, T, constant
from random_nets import SPREAD, Net, values

Case = Callable[[np.random.Generator], bytes]
Shape = Callable[[np.random.Generator], tuple[int, ...]]


def _image(rng: np.random.Generator) -> tuple[int, ...]:
    batch, channels = int(rng.choice([1, 1, 2])), int(rng.choice([1, 2, 3, 4, 6, 16]))
    return (batch, *rng.integers(1, 12, 2).tolist(), channels)


def _rows(rng: np.random.Generator) -> tuple[int, ...]:
    shapes = [(1, 1, 1, 200), (1, 64), (3, 50), (1, 2, 3, 40), (1, 1500)]
    return shapes[int(rng.integers(len(shapes)))]


def _short_rows(rng: np.random.Generator) -> tuple[int, ...]:
    return (int(rng.integers(1, 4)), int(rng.integers(1, 41)))


def _transpose_conv(net: Net) -> None:
    rng = net.rng
    batch, height, width, depth = net.last.shape
    size, stride = rng.integers(1, 6, 2).tolist(), rng.integers(1, 4, 2).tolist()
    padding = str(rng.choice(["SAME", "VALID"]))
    output = [
        n * s if padding == "SAME" else (n - 1) * s + max(taps, s) - int(rng.integers(s))
        for n, s, taps in zip((height, width), stride, size, strict=True)
    ]
    channels = int(rng.integers(1, 9))
    terms = depth * -(-size[0] // stride[0]) * -(-size[1] // stride[1])
    options = {"padding": padding, "stride_h": stride[0], "stride_w": stride[1]}
    weights = net.weights(channels, *size, depth)
    net.weighted("TRANSPOSE_CONV", weights, 0, terms, (batch, *output, channels), options)


def _svdf(net: Net, state_type: str) -> None:
    rng, source = net.rng, net.activations[-1]
    batch, length = net.last.shape
    units, rank, memory = rng.integers(1, [17, 4, 11]).tolist()
    feature = net.weights(units * rank, length)
    time = values(rng, state_type, (units * rank, memory))
    state = T((batch, units * rank * memory), state_type, is_variable=True)
    scale, activation = 1.0, str(rng.choice(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]))
    if net.type == "FLOAT32":
        weights = [constant(feature, "FLOAT32"), constant(time, "FLOAT32")]
        bias = constant(rng.normal(size=units), "FLOAT32")
    else:
        # Spreads: of what a filter computes in reals, and of the sums as integers.
        scales = rng.uniform(1, 5, 2) / 1000
        newest = net.scale(source) * scales[0] * SPREAD["INT8"] ** 2 * np.sqrt(length)
        state_scale = float(np.float32(newest / SPREAD[state_type] * rng.uniform(0.5, 2)))
        sums = SPREAD[state_type] ** 2 * np.sqrt(rank * memory)
        sum_scale = state_scale * float(np.float32(scales[1]))
        # A larger zero point makes an int8 state wrap around.
        zero_point = int(rng.choice([0, 0, -3, 9]))
        state = T(state.shape, state_type, state_scale, zero_point, is_variable=True)
        scale = sum_scale * sums / SPREAD["INT8"] * rng.uniform(0.5, 2)
        weights = [
            constant(feature, scale=float(scales[0])),
            constant(time, state_type, scale=float(scales[1])),
        ]
        bias = constant(rng.normal(0, min(sums, 5e8), units), "INT32", scale=sum_scale)
    inputs = (source, *(net.add(tensor) for tensor in (*weights, bias, state)))
    output = net.activation((batch, units), scale)
    net.operators.append(Op("SVDF", inputs, (output,), {"rank": rank, "activation": activation}))


def _case(
    layer: Callable[[Net], None], shape: Shape, type: str, weights_type: str = "INT8"
) -> Case:
    def draw(rng: np.random.Generator) -> bytes:
        net = Net(rng, type, weights_type)
        net.activation(shape(rng), rng.uniform(1, 8) / SPREAD[type])
        layer(net)
        return net.graph().to_bytes()

    return draw


def _cases() -> dict[str, Case]:
    weighted: dict[str, tuple[Callable[[Net], None], Shape]] = {
        "CONV_2D": (Net.conv, _image),
        "DEPTHWISE_CONV_2D": (Net.depthwise, _image),
        "FULLY_CONNECTED": (Net.fully_connected, _rows),
        "TRANSPOSE_CONV": (_transpose_conv, _image),
    }
    cases = {}
    for name, (layer, shape) in weighted.items():
        cases[f"{name} int8"] = _case(layer, shape, "INT8")
        cases[f"{name} 16x8"] = _case(layer, shape, "INT16")
        cases[f"{name} float32"] = _case(layer, shape, "FLOAT32")
        if name != "TRANSPOSE_CONV":
            cases[f"{name} int4 weights"] = _case(layer, shape, "INT8", "INT4")
    plain: dict[str, Callable[[Net, str], None]] = {
        "AVERAGE_POOL_2D": Net.pool,
        "MAX_POOL_2D": Net.pool,
        "MEAN": Net.reduce,
        "SUM": Net.reduce,
    }
    for name, method in plain.items():
        for type in ("INT8", "INT16", "FLOAT32"):
            cases[f"{name} {type.lower()}"] = _case(partial(method, name=name), _image, type)
    for state, type in (("INT8", "INT8"), ("INT16", "INT8"), ("FLOAT32", "FLOAT32")):
        layer = partial(_svdf, state_type=state)
        cases[f"SVDF {type.lower()}, state {state.lower()}"] = _case(layer, _short_rows, type)
    return cases


CASES = _cases()
