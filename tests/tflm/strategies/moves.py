"""Operators that move values and compute nothing, and models that keep state."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
from flatmodel import Graph, Op, T, constant

Shape = tuple[int, ...]
Case = Callable[[np.random.Generator], bytes]


def _shape(rng: np.random.Generator, ranks: tuple[int, int]) -> Shape:
    rank = int(rng.integers(ranks[0], ranks[1] + 1))
    return tuple(rng.integers(1, 9 - rank, rank).tolist())


def _one_operator(
    rng: np.random.Generator,
    type: str,
    name: str,
    inputs: Sequence[Shape | T],
    outputs: Sequence[Shape],
    options: dict[str, Any] | None = None,
) -> bytes:
    """Write one operator; inputs given by their shape are inputs of the model, or constants."""
    quantized = {"scale": 0.5} if type in ("INT8", "INT16", "INT32") else {}
    if type == "INT8":
        quantized["zero_point"] = int(rng.integers(-128, 128))
    tensors, of_model = [], []
    for number, entry in enumerate(inputs):
        if isinstance(entry, T):
            tensors.append(entry)
        elif of_model and rng.random() < 0.2:
            tensors.append(constant(rng.integers(0, 2, entry), type, **quantized))
        else:
            tensors.append(T(entry, type, **quantized))
            of_model.append(number)
    tensors += [T(shape, type, **quantized) for shape in outputs]
    numbers = tuple(range(len(tensors)))
    operator = Op(name, numbers[: len(inputs)], numbers[len(inputs) :], options or {})
    return Graph(tuple(tensors), (operator,), tuple(of_model), operator.outputs).to_bytes()


def _integers(values: Any) -> T:
    return constant(values, "INT32")


def _either_sign(rng: np.random.Generator, axis: int, rank: int) -> int:
    return axis - rank * int(rng.integers(2))


def pad(rng: np.random.Generator, type: str, name: str = "PAD") -> bytes:
    shape = _shape(rng, (1, 5))
    paddings = rng.integers(0, 3, (len(shape), 2))
    target = tuple((paddings.sum(axis=1) + shape).tolist())
    value = [(1,)] if name == "PADV2" else []
    return _one_operator(rng, type, name, [shape, _integers(paddings), *value], [target])


def concatenation(rng: np.random.Generator, type: str) -> bytes:
    shape = _shape(rng, (1, 6))
    axis = int(rng.integers(len(shape)))
    extents = rng.integers(1, 5, rng.integers(1, 11)).tolist()
    parts = [(*shape[:axis], extent, *shape[axis + 1 :]) for extent in extents]
    target = (*shape[:axis], sum(extents), *shape[axis + 1 :])
    options = {"axis": _either_sign(rng, axis, len(shape))}
    return _one_operator(rng, type, "CONCATENATION", parts, [target], options)


def pack(rng: np.random.Generator, type: str) -> bytes:
    shape, count = _shape(rng, (1, 5)), int(rng.integers(1, 6))
    axis = int(rng.integers(len(shape) + 1))
    target = (*shape[:axis], count, *shape[axis:])
    options = {"values_count": count, "axis": _either_sign(rng, axis, len(target))}
    return _one_operator(rng, type, "PACK", [shape] * count, [target], options)


def unpack(rng: np.random.Generator, type: str) -> bytes:
    shape = _shape(rng, (1, 6))
    axis = int(rng.integers(len(shape)))
    options = {"num": shape[axis], "axis": _either_sign(rng, axis, len(shape))}
    parts = [shape[:axis] + shape[axis + 1 :]] * shape[axis]
    return _one_operator(rng, type, "UNPACK", [shape], parts, options)


def split(rng: np.random.Generator, type: str) -> bytes:
    part, count = _shape(rng, (1, 6)), int(rng.integers(1, 5))
    axis = int(rng.integers(len(part)))
    whole = (*part[:axis], part[axis] * count, *part[axis + 1 :])
    inputs = [_integers(_either_sign(rng, axis, len(part))), whole]
    return _one_operator(rng, type, "SPLIT", inputs, [part] * count, {"num_splits": count})


def split_v(rng: np.random.Generator, type: str) -> bytes:
    shape = _shape(rng, (1, 6))
    axis = int(rng.integers(len(shape)))
    extents = rng.integers(1, 5, rng.integers(1, 5)).tolist()
    whole = (*shape[:axis], sum(extents), *shape[axis + 1 :])
    parts = [(*shape[:axis], extent, *shape[axis + 1 :]) for extent in extents]
    inputs = [whole, _integers(extents), _integers(_either_sign(rng, axis, len(shape)))]
    return _one_operator(rng, type, "SPLIT_V", inputs, parts, {"num_splits": len(extents)})


def slice_(rng: np.random.Generator, type: str) -> bytes:
    shape = _shape(rng, (1, 5))
    begins = [int(rng.integers(n)) for n in shape]
    extents = [int(rng.integers(1, n - b + 1)) for n, b in zip(shape, begins, strict=True)]
    to_the_end = rng.random(len(shape)) < 0.3
    target = [
        n - b if rest else e
        for n, b, e, rest in zip(shape, begins, extents, to_the_end, strict=True)
    ]
    integers = partial(constant, type=str(rng.choice(["INT32", "INT64"])))
    inputs = [shape, integers(begins), integers(np.where(to_the_end, -1, extents))]
    return _one_operator(rng, type, "SLICE", inputs, [tuple(target)])


def strided_slice(rng: np.random.Generator, type: str) -> bytes:
    """Draw until something is taken; NumPy's indexing tells how much."""
    while True:
        shape = _shape(rng, (1, 4))
        begins, ends = (rng.integers(-n - 2, n + 3) for n in [np.array(shape)] * 2)
        strides = rng.choice([-3, -2, -1, 1, 1, 1, 2, 3], len(shape))
        masks = rng.random((3, len(shape))) < 0.25
        where: list[slice | int] = []
        for axis, n in enumerate(shape):
            if masks[2, axis]:
                masks[0, axis], strides[axis] = False, 1
                begins[axis] = rng.integers(-n, n)
                where.append(int(begins[axis]))
            else:
                begin = None if masks[0, axis] else int(begins[axis])
                end = None if masks[1, axis] else int(ends[axis])
                where.append(slice(begin, end, int(strides[axis])))
        target = np.empty(shape)[tuple(where)].shape
        if prod(target):
            break
    bits = (masks << np.arange(len(shape))).sum(axis=1).tolist()
    names = ("begin_mask", "end_mask", "shrink_axis_mask")
    inputs = [shape, _integers(begins), _integers(ends), _integers(strides)]
    options = dict(zip(names, bits, strict=True))
    return _one_operator(rng, type, "STRIDED_SLICE", inputs, [target], options)


def transpose(rng: np.random.Generator, type: str) -> bytes:
    shape = _shape(rng, (1, 5))
    order = rng.permutation(len(shape))
    target = tuple(shape[axis] for axis in order)
    return _one_operator(rng, type, "TRANSPOSE", [shape, _integers(order)], [target])


def reshape(rng: np.random.Generator, type: str) -> bytes:
    factors = _shape(rng, (1, 6))
    cuts = sorted(rng.integers(0, len(factors) + 1, rng.integers(0, 5)).tolist())
    bounds = list(zip([0, *cuts], [*cuts, len(factors)], strict=True))
    target = tuple(prod(factors[start:end]) for start, end in bounds)
    inputs = [factors, _integers(target)][: int(rng.integers(1, 3))]
    return _one_operator(rng, type, "RESHAPE", inputs, [target])


def squeeze(rng: np.random.Generator, type: str) -> bytes:
    shape = tuple(n if rng.random() < 0.6 else 1 for n in _shape(rng, (1, 6)))
    ones = [axis for axis, n in enumerate(shape) if n == 1]
    named = [axis for axis in ones if rng.random() < 0.5]
    target = tuple(n for axis, n in enumerate(shape) if axis not in (named or ones))
    dims = tuple(_either_sign(rng, axis, len(shape)) for axis in named)
    return _one_operator(rng, type, "SQUEEZE", [shape], [target], {"squeeze_dims": dims})


def expand_dims(rng: np.random.Generator, type: str) -> bytes:
    shape = _shape(rng, (1, 6))
    axis = int(rng.integers(len(shape) + 1))
    target = (*shape[:axis], 1, *shape[axis:])
    inputs = [shape, _integers(_either_sign(rng, axis, len(target)))]
    return _one_operator(rng, type, "EXPAND_DIMS", inputs, [target])


def ring_buffer(rng: np.random.Generator, type: str, first_value: bool = True) -> bytes:
    """A window over the last rows of a stream, as a resource variable; the window comes out."""
    rows, new, width = (int(rng.integers(low, 6)) for low in (2, 1, 1))
    zero_point = int(rng.integers(-128, 128)) if type == "INT8" else 0
    quantized = {} if type == "FLOAT32" else {"scale": 0.5, "zero_point": zero_point}
    handle, options = T((), "RESOURCE"), {"shared_name": "window"}
    tensors = (
        handle,
        T((new, width), type, **quantized),
        T((rows, width), type, **quantized),
        T((rows + new, width), type, **quantized),
        _integers([new, 0]),
        _integers([rows, width]),
        T((rows, width), type, **quantized),
    )
    operators = (
        Op("VAR_HANDLE", (), (0,), options),
        Op("READ_VARIABLE", (0,), (2,)),
        Op("CONCATENATION", (2, 1), (3,), {"axis": 0}),
        Op("SLICE", (3, 4, 5), (6,)),
        Op("ASSIGN_VARIABLE", (0, 6), ()),
    )
    if not first_value:
        return Graph(tensors, operators, (1,), (6,)).to_bytes()
    first = constant(rng.integers(-100, 100, (rows, width)), type, **quantized)
    assign = (Op("VAR_HANDLE", (), (0,), options), Op("ASSIGN_VARIABLE", (0, 1), ()))
    called = (Graph((handle, first), assign, (), ()),)
    operators = (Op("CALL_ONCE", (), (), {"init_subgraph_index": 1}), *operators)
    return Graph(tensors, operators, (1,), (6,), called=called).to_bytes()


_ALL = ("INT8", "INT16", "INT32", "FLOAT32")
_ANY = (*_ALL, "INT64", "BOOL")
_DRAWN: dict[str, tuple[Callable[..., bytes], tuple[str, ...]]] = {
    "PAD": (pad, _ALL),
    "PADV2": (partial(pad, name="PADV2"), _ALL),
    "CONCATENATION": (concatenation, _ANY),
    "PACK": (pack, (*_ALL, "INT64")),
    "UNPACK": (unpack, _ALL),
    "SPLIT": (split, _ALL),
    "SPLIT_V": (split_v, _ALL),
    "SLICE": (slice_, (*_ALL, "BOOL")),
    "STRIDED_SLICE": (strided_slice, (*_ALL, "BOOL")),
    "TRANSPOSE": (transpose, ("INT8", "INT16", "FLOAT32")),
    "RESHAPE": (reshape, _ANY),
    "SQUEEZE": (squeeze, _ANY),
    "EXPAND_DIMS": (expand_dims, ("INT8", "INT16", "FLOAT32")),
    "variables": (partial(ring_buffer, first_value=False), ("INT8", "INT16", "FLOAT32")),
    "CALL_ONCE": (ring_buffer, ("INT8", "INT16", "FLOAT32")),
}
CASES: dict[str, Case] = {
    f"{name} {type.lower()}": partial(draw, type=type)
    for name, (draw, types) in _DRAWN.items()
    for type in types
}
