"""Draw layers and whole networks at random, with scales that keep integers spread out."""

from dataclasses import dataclass, field

import numpy as np
from flatmodel import Graph, Op, T, constant

# Standard deviation of values drawn uniformly.
SPREAD = {"INT8": 75.0, "INT16": 19000.0, "FLOAT32": 1.0}


def values(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw from the whole range of an integer type, or from a normal distribution."""
    if kind == "FLOAT32":
        return rng.normal(size=shape).astype(np.float32)
    if kind == "INT4":
        return rng.integers(-8, 8, shape).astype(np.int8)
    limits = np.iinfo(kind.lower())
    return rng.integers(limits.min, limits.max, shape, kind.lower(), endpoint=True)


@dataclass
class Net:
    """A network under construction; each method adds a layer behind the last tensor."""

    rng: np.random.Generator
    type: str = "INT8"
    weights_type: str = "INT8"
    tensors: list[T] = field(default_factory=list)
    operators: list[Op] = field(default_factory=list)
    activations: list[int] = field(default_factory=list)

    @classmethod
    def start(cls, seed: int, shape: tuple[int, ...], type: str = "INT8") -> "Net":
        net = cls(np.random.default_rng(seed), type)
        net.activation(shape, net.rng.uniform(0.01, 0.1))
        return net

    @property
    def last(self) -> T:
        return self.tensors[self.activations[-1]]

    def add(self, tensor: T) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def activation(self, shape, scale: float, zero_point: int | None = None) -> int:
        if zero_point is None:
            zero_point = int(self.rng.integers(-128, 128)) if self.type == "INT8" else 0
        tensor = T(tuple(shape), "FLOAT32")
        if self.type != "FLOAT32":
            tensor = T(tuple(shape), self.type, scale=scale, zero_point=zero_point)
        self.activations.append(self.add(tensor))
        return self.activations[-1]

    def scale(self, tensor: int) -> float:
        return self.tensors[tensor].scale or 1.0

    def weighted(self, name: str, weights: np.ndarray, axis: int, terms: int, shape, options):
        """Add a layer with weights, of one scale or one for each channel, and a bias."""
        channels = weights.shape[axis]
        per_channel = self.rng.random() < 0.7 and channels > 1
        if name == "FULLY_CONNECTED" and self.weights_type == "INT4":
            per_channel = False
        scales = np.float32(self.rng.uniform(1e-3, 2e-2, channels if per_channel else 1))
        scales /= np.float32(np.sqrt(terms))
        source = self.activations[-1]
        accumulator_scale = self.scale(source) * scales
        if self.type == "FLOAT32":
            filter_tensor = constant(weights, "FLOAT32")
        else:
            filter_tensor = constant(weights, self.weights_type, scale=scales, axis=axis)
        inputs = [source, self.add(filter_tensor)]
        if name == "TRANSPOSE_CONV":
            inputs = [self.add(constant(shape, "INT32")), *reversed(inputs)]
        spread = SPREAD[self.type] * max(0.5, np.std(weights)) * np.sqrt(terms)
        if self.rng.random() < 0.85:
            bias = self.rng.normal(0, spread, channels)
            inputs.append(self.add(self.bias(name, bias, accumulator_scale)))
        elif self.rng.random() < 0.5 and name != "DEPTHWISE_CONV_2D":
            # TFLM crashes on a depthwise layer that leaves its bias out in this way.
            inputs.append(-1)
        scale = float(accumulator_scale.mean() * spread / SPREAD[self.type])
        scale *= self.rng.uniform(0.5, 2)
        activation = str(self.rng.choice(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]))
        if activation in ("RELU6", "RELU_N1_TO_1"):
            scale = self.rng.uniform(1.5, 4.5) / SPREAD[self.type]
        output = self.activation(shape, scale)
        options = {**options, "activation": activation}
        self.operators.append(Op(name, tuple(inputs), (output,), options))

    def bias(self, name: str, values: np.ndarray, scale: np.ndarray) -> T:
        if self.type == "FLOAT32":
            return constant(values, "FLOAT32")
        # 16x8 layers sum in int64, but where the bias is int32.
        other = {"CONV_2D": "INT32", "FULLY_CONNECTED": "INT32", "TRANSPOSE_CONV": "INT16"}
        types = ["INT32"] if self.type == "INT8" else ["INT64", other.get(name, "INT64")]
        kind = str(self.rng.choice(types))
        limit = np.iinfo(kind.lower()).max // 2
        return constant(np.clip(values, -limit, limit).astype(np.int64), kind, scale=scale)

    def values(self, *shape: int) -> np.ndarray:
        return values(self.rng, self.type, shape)

    def weights(self, *shape: int) -> np.ndarray:
        return values(self.rng, "FLOAT32" if self.type == "FLOAT32" else self.weights_type, shape)

    def window(self, largest: int = 5, dilations: tuple[int, ...] = (1, 1, 2, 3)):
        """Draw a window and its options; return them with the size of the output."""
        height, width = self.last.shape[1:3]
        size = [int(self.rng.integers(1, largest + 1)) for _ in range(2)]
        stride = [int(n) for n in self.rng.integers(1, 4, 2)]
        dilation = [int(n) for n in self.rng.choice(dilations, 2)]
        padding = str(self.rng.choice(["SAME", "VALID"]))
        output = []
        for axis, length in enumerate((height, width)):
            if padding == "VALID":
                size[axis] = min(size[axis], length)
                if (size[axis] - 1) * dilation[axis] >= length:
                    dilation[axis] = 1
                reach = (size[axis] - 1) * dilation[axis] + 1
                output.append(-(-(length - reach + 1) // stride[axis]))
            else:
                output.append(-(-length // stride[axis]))
        options = {"padding": padding, "stride_h": stride[0], "stride_w": stride[1]}
        return size, options, dilation, output

    def conv(self) -> None:
        size, options, dilation, output = self.window()
        channels_in = self.last.shape[3]
        groups = int(self.rng.choice([g for g in (1, 1, 1, 2, 3) if channels_in % g == 0]))
        depth = channels_in // groups
        channels = groups * int(self.rng.integers(1, 9))
        options |= {"dilation_h": dilation[0], "dilation_w": dilation[1]}
        weights = self.weights(channels, *size, depth)
        shape = (self.last.shape[0], *output, channels)
        self.weighted("CONV_2D", weights, 0, size[0] * size[1] * depth, shape, options)

    def depthwise(self) -> None:
        size, options, dilation, output = self.window()
        multiplier = int(self.rng.choice([1, 1, 2, 3]))
        channels = self.last.shape[3] * multiplier
        options |= {
            "dilation_h": dilation[0],
            "dilation_w": dilation[1],
            "depth_multiplier": multiplier,
        }
        weights = self.weights(1, *size, channels)
        shape = (self.last.shape[0], *output, channels)
        self.weighted("DEPTHWISE_CONV_2D", weights, 3, size[0] * size[1], shape, options)

    def fully_connected(self) -> None:
        shape = self.last.shape
        channels = int(self.rng.integers(1, 70))
        weights = self.weights(channels, shape[-1])
        options = {"keep_num_dims": len(shape) != 2}
        self.weighted("FULLY_CONNECTED", weights, 0, shape[-1], (*shape[:-1], channels), options)

    def pool(self, name: str = "") -> None:
        size, options, _, output = self.window(4, dilations=(1,))
        source = self.activations[-1]
        last = self.tensors[source]
        options |= {"filter_h": size[0], "filter_w": size[1]}
        options["activation"] = str(self.rng.choice(["NONE", "RELU", "RELU6"]))
        shape = (last.shape[0], *output, last.shape[3])
        name = name or str(self.rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
        output = self.activation(shape, self.scale(source), last.zero_point)
        self.operators.append(Op(name, (source,), (output,), options))

    def mean(self) -> None:
        self.reduce("MEAN")

    def reduce(self, name: str) -> None:
        """Add MEAN or SUM, mostly over height and width."""
        source = self.activations[-1]
        shape = self.last.shape
        keep = bool(self.rng.random() < 0.5)
        sides = [1, 2]
        if self.rng.random() < 0.3 or len(shape) < 3:
            number = int(self.rng.integers(1, len(shape)))
            sides = self.rng.choice(len(shape), number, replace=False).tolist()
        axes = [a - len(shape) if self.rng.random() < 0.3 else a for a in sides]
        reduced = [1 if i in sides else n for i, n in enumerate(shape)]
        kept = reduced if keep else [n for i, n in enumerate(shape) if i not in sides]
        count = np.prod([shape[a] for a in axes])
        axis = self.add(constant(axes, "INT32"))
        # A sum of values about zero grows with the root, one about a zero point with the count.
        growths = [1, count**0.5, count] if name == "SUM" else [1, count**-0.5]
        scale = self.scale(source) * self.rng.choice(growths)
        scale *= self.rng.choice([1, self.rng.uniform(0.8, 2)])
        zero_point = self.last.zero_point if self.rng.random() < 0.3 else None
        output = self.activation(kept, float(scale), zero_point)
        self.operators.append(Op(name, (source, axis), (output,), {"keep_dims": keep}))

    def add_constant_or_earlier(self) -> None:
        source = self.activations[-1]
        last = self.tensors[source]
        earlier = [i for i in self.activations if self.tensors[i].shape == last.shape]
        if self.rng.random() < 0.5:
            shape = [int(self.rng.choice([1, n])) for n in last.shape]
            scale = self.scale(source) * self.rng.uniform(0.3, 3)
            zero_point = int(self.rng.integers(-128, 128)) if self.type == "INT8" else 0
            values = self.values(*shape[int(self.rng.integers(0, len(shape))) :])
            quantization = {"scale": scale, "zero_point": zero_point}
            quantization = quantization if self.type != "FLOAT32" else {}
            other = self.add(constant(values, self.type, **quantization))
        else:
            other = int(self.rng.choice(earlier))
        scale = (self.scale(source) + self.scale(other)) * self.rng.uniform(0.5, 1.2)
        pair = (source, other) if self.rng.random() < 0.5 else (other, source)
        output = self.activation(last.shape, float(scale))
        activation = str(self.rng.choice(["NONE", "RELU", "RELU6"]))
        self.operators.append(Op("ADD", pair, (output,), {"activation": activation}))

    def rescale(self) -> None:
        source = self.activations[-1]
        last = self.tensors[source]
        names = ["RELU", "RELU6", "QUANTIZE"] if self.type == "INT8" else ["RELU", "RELU6"]
        name = str(self.rng.choice(names))
        scale = self.scale(source) * (1 if name == "RELU6" else self.rng.uniform(0.3, 3))
        output = self.activation(last.shape, float(scale))
        self.operators.append(Op(name, (source,), (output,)))

    def flatten(self) -> None:
        source = self.activations[-1]
        last = self.tensors[source]
        shape = (last.shape[0], int(np.prod(last.shape[1:])))
        target = self.add(constant(shape, "INT32"))
        output = self.activation(shape, self.scale(source), last.zero_point)
        self.operators.append(Op("RESHAPE", (source, target), (output,)))

    def softmax(self) -> None:
        source = self.activations[-1]
        output = self.activation(self.last.shape, 1 / 256, -128)
        beta = float(self.rng.choice([1.0, 0.5, 2.0]))
        self.operators.append(Op("SOFTMAX", (source,), (output,), {"beta": beta}))

    def graph(self, all_outputs: bool = False) -> Graph:
        """Return the network; `all_outputs` makes every activation an output."""
        outputs = self.activations[1:] if all_outputs else self.activations[-1:]
        return Graph(
            tuple(self.tensors), tuple(self.operators), (self.activations[0],), tuple(outputs)
        )

    def inputs(self, count: int) -> np.ndarray:
        return self.values(count, *self.tensors[self.activations[0]].shape)


IMAGE_LAYERS = ("conv", "depthwise", "pool", "add_constant_or_earlier", "rescale")
LAYERS = (*IMAGE_LAYERS, "fully_connected", "mean", "flatten", "softmax")


def one_layer(name: str, seed: int, type: str = "INT8") -> Net:
    """Return a network of one layer on a small image or vector."""
    rng = np.random.default_rng(seed)
    shape = [1, *(int(n) for n in rng.integers(1, 12, 2)), int(rng.choice([1, 2, 3, 4, 6, 16]))]
    if name == "fully_connected":
        shape = [[1, 1, 1, 200], [1, 64], [3, 50], [1, 2, 3, 40]][int(rng.integers(4))]
    net = Net.start(seed, tuple(shape), type)
    getattr(net, name)()
    return net


def network(seed: int, type: str = "INT8") -> Net:
    """Return a convolutional network of about a dozen layers."""
    rng = np.random.default_rng(seed)
    shape = (1, *(int(n) for n in rng.integers(16, 29, 2)), int(rng.integers(1, 4)))
    net = Net.start(seed, shape, type)
    for _ in range(7):
        names = [n for n in IMAGE_LAYERS if min(net.last.shape[1:3]) > 2 or n != "pool"]
        getattr(net, str(rng.choice(names)))()
    net.mean() if rng.random() < 0.5 else net.flatten()
    if len(net.last.shape) != 2:
        net.flatten()
    net.fully_connected()
    net.rescale()
    net.fully_connected()
    net.softmax()
    return net
