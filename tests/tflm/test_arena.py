"""The memory plan: by pencil, against the real interpreter, and as properties."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import OracleError, ask
from random_nets import network

from qutils.errors import ArenaOutOfMemoryError
from qutils.tflm import Interpreter, Model, plan_arena


def chain(*sizes: int, **changes) -> Graph:
    """Make a chain of RELU, each tensor of n * 64 bytes; all sizes must be equal."""
    tensors = tuple(T((n, 16), "FLOAT32", name=f"t{i}") for i, n in enumerate(sizes))
    operators = tuple(Op("RELU", (i,), (i + 1,)) for i in range(len(sizes) - 1))
    return Graph(tensors, operators, (0,), (len(sizes) - 1,), **changes)


def plan(graph: Graph):
    return plan_arena(Model.from_bytes(graph.to_bytes()))


def test_input_and_output_of_one_operator_are_alive_together():
    # 2 * 16 floats are 128 bytes; the later one of two equal sizes is placed first.
    got = plan(chain(2, 2))
    assert got.head_bytes == 256
    assert [(a.name, a.offset, a.size_bytes, a.first, a.last) for a in got.allocations] == [
        ("t0", 128, 128, 0, 1),
        ("t1", 0, 128, 1, 1),
    ]


def test_room_is_used_again():
    # Three tensors of 64 bytes, never more than two alive: two places.
    got = plan(chain(1, 1, 1))
    assert got.head_bytes == 128
    assert [(a.first, a.last) for a in got.allocations] == [(0, 1), (1, 2), (2, 2)]


def test_an_unused_tensor_still_takes_room():
    graph = chain(1, 1)
    unused = Graph((*graph.tensors, T((4, 16), "FLOAT32")), graph.operators, (0,), (1,))
    got = plan(unused)
    assert (got.allocations[2].first, got.allocations[2].last) == (-1, -1)
    assert got.head_bytes == ask(unused.to_bytes()).head_bytes == 256


def test_a_residual_connection_keeps_its_tensor_alive():
    a = T((1, 16), "FLOAT32")
    operators = (Op("RELU", (0,), (1,)), Op("RELU", (1,), (2,)), Op("ADD", (0, 2), (3,)))
    got = plan(Graph((a, a, a, a), operators, (0,), (3,)))
    assert (got.allocations[0].first, got.allocations[0].last) == (0, 3)
    assert got.head_bytes == 3 * 64


def test_the_peak():
    got = plan(chain(1, 1, 1))
    assert got.peak_step() == 1
    assert [a.name for a in got.alive_at(1)] == ["t0", "t1"]


def offline(*offsets: int) -> dict[str, bytes]:
    header = [1, 0, len(offsets)]
    return {"OfflineMemoryAllocation": np.array([*header, *offsets], "<i4").tobytes()}


@pytest.mark.parametrize("offsets", [(0, 64, 128), (128, -1, 0), (-1, 256, -1), (-1, -1, -1)])
def test_a_plan_made_offline_comes_first(offsets):
    graph = chain(1, 1, 1, metadata=offline(*offsets))
    got = plan(graph)
    for allocation, offset in zip(got.allocations, offsets, strict=True):
        assert offset in (-1, allocation.offset)
    assert got.head_bytes == ask(graph.to_bytes()).head_bytes


@settings(deadline=None, max_examples=30, database=None)
@given(st.integers(0, 2**32 - 1))
def test_nothing_alive_overlaps(seed):
    allocations = plan(network(seed).graph()).allocations
    for i, a in enumerate(allocations):
        assert a.offset % 16 == 0
        assert a.size_bytes % 16 == 0
        for b in allocations[:i]:
            apart_in_time = a.last < b.first or b.last < a.first
            apart_in_space = (
                a.offset + a.size_bytes <= b.offset or b.offset + b.size_bytes <= a.offset
            )
            assert apart_in_time or apart_in_space


def least_arena(content: bytes) -> int:
    """Find the least arena that the real interpreter accepts, within 8 bytes."""
    low, high = 0, 65536
    while high - low > 8:
        middle = (low + high) // 16 * 8
        try:
            ask(content, arena_bytes=middle)
            high = middle
        except OracleError:
            low = middle
    return high


@pytest.mark.parametrize("seed", [0, 2, 9])
def test_the_least_arena_of_a_network(seed):
    """Head and tail decide, unless planning needs more; kernels' temporaries are not modelled."""
    content = network(seed).graph().to_bytes()
    got = plan_arena(Model.from_bytes(content)).min_arena_bytes_x86_64
    assert got == pytest.approx(least_arena(content), rel=0.02)


def interpreter(graph: Graph, **keywords) -> Interpreter:
    return Interpreter(model_content=graph.to_bytes(), **keywords)


def test_too_little_for_the_head_is_reported_in_tflms_words():
    graph = chain(100, 100)
    got = plan(graph)
    size = got.tail_bytes + 5000
    with pytest.raises(ArenaOutOfMemoryError) as caught:
        interpreter(graph, arena_size=size).allocate_tensors()
    first, *rest = str(caught.value).splitlines()
    assert first == "Failed to resize buffer. Requested: 12800, available 5000, missing: 7800"
    text = "\n".join(rest)
    assert "6400 bytes  t0" in text
    assert "6400 bytes  t1" in text
    assert "What would help" in text


def test_too_little_for_the_tail_is_reported_in_tflms_words():
    graph = chain(1, 1)
    tail = plan(graph).tail_bytes
    with pytest.raises(ArenaOutOfMemoryError, match="Failed to allocate tail memory") as caught:
        interpreter(graph, arena_size=100).allocate_tensors()
    assert f"Requested: {tail}, available 100, missing: {tail - 100}" in str(caught.value)


def test_too_little_for_planning():
    graph = chain(1, 1)
    least = plan(graph).min_arena_bytes
    with pytest.raises(ArenaOutOfMemoryError, match="Failed to allocate temp memory"):
        interpreter(graph, arena_size=least - 1).allocate_tensors()
    interpreter(graph, arena_size=least).allocate_tensors()


def test_a_board_lends_its_sram():
    fits, too_large = chain(1000, 1000), chain(3000, 3000)
    interpreter(fits, board="nano33ble").allocate_tensors()
    with pytest.raises(ArenaOutOfMemoryError, match="The arena has 262144 bytes"):
        interpreter(too_large, board="nano33ble").allocate_tensors()
    interpreter(too_large, board="l4r5zi").allocate_tensors()
