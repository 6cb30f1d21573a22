"""Broken models: fields, bytes and lengths of good ones changed at random."""

import importlib
import random
import struct
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from random_nets import LAYERS, network, one_layer

TESTS = Path(__file__).resolve().parent
SHARED_MODELS = TESTS.parents[2] / "shared" / "models"

# The fields that matter: number -> format of a scalar, "*" and the format of a vector's
# elements, a table, or a list of tables.
_QUANTIZATION = {2: "*f", 3: "*q", 6: "i"}
_TENSOR = {0: "*i", 1: "b", 2: "I", 4: _QUANTIZATION, 5: "B", 7: "*i"}
_OPTIONS = dict.fromkeys(range(8), "i")
_OPERATOR = {0: "I", 1: "*i", 2: "*i", 3: "B", 4: _OPTIONS}
_SUBGRAPH = {0: [_TENSOR], 1: "*i", 2: "*i", 3: [_OPERATOR]}
_MODEL: dict[int, Any] = {
    0: "I",
    1: [{0: "b", 2: "i", 3: "i"}],
    2: [_SUBGRAPH],
    4: [{0: "*B"}],
    6: [{0: "*B", 1: "I"}],
}

_INTEGERS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 64, 100, 127, 128, 255, 256, 1000, 32767, 65535]
_INTEGERS += [2**20, 2**24, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63]
_FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-45, 1e-38, 1e-10, 1e-3, 256.0, 1e10, 3e38]
_FLOATS += [float("inf"), float("-inf"), float("nan")]
_MOST_ELEMENTS = 64


@cache
def corpus() -> tuple[bytes, ...]:
    """Return good models: one for each layer and operator, networks, and recorded ones."""
    nets = [one_layer(n, s, t) for n in LAYERS for s in range(2) for t in ("INT8", "FLOAT32")]
    models = [net.graph().to_bytes() for net in [*nets, *(network(seed) for seed in range(4))]]
    for path in sorted((TESTS / "strategies").glob("*.py")):
        for draw in importlib.import_module(f"strategies.{path.stem}").CASES.values():
            models += [draw(np.random.default_rng(seed)) for seed in range(2)]
    models += [path.read_bytes() for path in sorted(SHARED_MODELS.glob("**/*.tflite"))]
    return tuple(m for m in models if len(m) < 2**19)


def mutation(seed: int, number: int) -> bytes:
    """Return one broken model; the same two numbers give the same bytes."""
    rng = random.Random(f"{seed} {number}")
    models = corpus()
    which = rng.randrange(len(models))
    while len(models[which]) > 2**15 and rng.random() < 0.9:
        which = rng.randrange(len(models))
    data = bytearray(models[which])
    places = _places(which)
    for _ in range(1 + min(int(rng.expovariate(0.7)), 7)):
        if rng.random() < 0.7:
            _change_field(data, places, rng)
        else:
            rng.choice(_BYTE_CHANGES)(data, rng)
    return bytes(data)


def _change_field(data: bytearray, places: dict[str, list[tuple[int, str]]], rng: Any) -> None:
    positions = places[rng.choice(sorted(places))]
    position, form = rng.choice(positions)
    if position + struct.calcsize(form) > len(data):
        return
    if rng.random() < 0.25:
        other, other_form = rng.choice(positions)
        if other_form == form and other + struct.calcsize(form) <= len(data):
            size = struct.calcsize(form)
            data[position : position + size] = data[other : other + size]
        return
    (value,) = struct.unpack_from(f"<{form}", data, position)
    if form == "f":
        value = rng.choice([*_FLOATS, value * 2, value / 3, -value])
        struct.pack_into("<f", data, position, np.float32(np.clip(value, -3e38, 3e38)))
        return
    value = rng.choice([value + 1, value - 1, value * 2, -value, rng.choice(_INTEGERS)])
    value &= 2 ** (8 * struct.calcsize(form)) - 1
    struct.pack_into(f"<{form.upper()}", data, position, value)


@cache
def _places(which: int) -> dict[str, list[tuple[int, str]]]:
    """Return where the fields of one model of the corpus lie, by what they are."""
    data = corpus()[which]
    places: dict[str, list[tuple[int, str]]] = defaultdict(list)
    _walk(data, struct.unpack_from("<I", data)[0], _MODEL, "", places)
    return {label: found for label, found in places.items() if found}


def _walk(data: bytes, table: int, schema: dict[int, Any], label: str, places: Any) -> None:
    vtable = table - struct.unpack_from("<i", data, table)[0]
    (size,) = struct.unpack_from("<H", data, vtable)
    places["vtable"] += [(vtable + i, "H") for i in range(0, size, 2)]
    for number, kind in schema.items():
        slot = 4 + 2 * number
        offset = struct.unpack_from("<H", data, vtable + slot)[0] if slot < size else 0
        if not offset:
            continue
        position, name = table + offset, f"{label}.{number}"
        if isinstance(kind, str) and not kind.startswith("*"):
            places[name].append((position, kind))
            continue
        places["offset"].append((position, "I"))
        target = position + struct.unpack_from("<I", data, position)[0]
        if isinstance(kind, dict):
            _walk(data, target, kind, name, places)
            continue
        (count,) = struct.unpack_from("<I", data, target)
        places[f"{name} length"].append((target, "I"))
        if isinstance(kind, str):
            step = struct.calcsize(kind[1:])
            elements = range(target + 4, target + 4 + step * min(count, _MOST_ELEMENTS), step)
            places[name] += [(element, kind[1:]) for element in elements]
            continue
        for entry in range(target + 4, target + 4 + 4 * count, 4):
            places[f"{name} offset"].append((entry, "I"))
            _walk(data, entry + struct.unpack_from("<I", data, entry)[0], kind[0], name, places)


def _flip(data: bytearray, rng: Any) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, rng: Any) -> None:
    width = rng.choice([1, 2, 4, 8])
    value = rng.choice([rng.choice(_INTEGERS), rng.getrandbits(64)]) & 2 ** (8 * width) - 1
    position = rng.randrange(len(data) + 1)
    data[position : position + width] = value.to_bytes(width, "little")


def _insert(data: bytearray, rng: Any) -> None:
    position = rng.randrange(len(data) + 1)
    data[position:position] = rng.randbytes(rng.choice([1, 2, 4, 8, 16, 64]))


def _delete(data: bytearray, rng: Any) -> None:
    position = rng.randrange(len(data) + 1)
    del data[position : position + rng.choice([1, 2, 4, 8, 16, 64, 1024])]


def _splice(data: bytearray, rng: Any) -> None:
    other = rng.choice(corpus())
    start, length = rng.randrange(len(other)), rng.choice([4, 16, 64, 256, len(other)])
    position = rng.randrange(len(data) + 1)
    data[position : position + length] = other[start : start + length]


_BYTE_CHANGES = (_flip, _flip, _overwrite, _overwrite, _insert, _delete, _splice)
