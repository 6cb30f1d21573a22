"""The memory plan: by pencil, against the real interpreter, and as properties."""

from dataclasses import replace

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import OracleError, ask
from random_nets import LAYERS, network, one_layer

from qutils.errors import ArenaOutOfMemoryError, InvalidModelError
from qutils.tflm import Allocation, Interpreter, Model, plan_arena
from qutils.tflm.arena import first_fit, placing_order
from qutils.tflm.example import keyword_spotting
from qutils.tflm.tail import X86_64, allocate, round_up


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


def requests(*buffers: tuple[int, int, int]) -> list[Allocation]:
    """Buffers without a place, each of (size, first step, last step)."""
    return [Allocation(None, "", -1, *buffer, None) for buffer in buffers]


def test_large_buffers_first_save_room_by_hand():
    """A chain of 16, 32, 64 and 16 bytes: 96 are alive at once, and in time order it takes 112."""
    chain = requests((16, 0, 1), (32, 1, 2), (64, 2, 3), (16, 3, 3))
    assert [a.offset for a in first_fit(chain, [0, 1, 2, 3])] == [0, 16, 48, 0]
    assert placing_order(chain) == [2, 1, 3, 0]
    assert [a.offset for a in first_fit(chain, [2, 1, 3, 0])] == [0, 64, 0, 64]


def test_what_has_a_place_keeps_it():
    placed = replace(requests((16, 0, 1))[0], offset=32)
    buffers = [*requests((64, 0, 1)), placed]
    assert placing_order(buffers) == [1, 0]
    assert [a.offset for a in first_fit(buffers, [1, 0])] == [48, 32]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5), st.integers(0, 3)), max_size=9),
    st.randoms(),
)
def test_in_any_order_no_two_that_live_together_overlap(buffers, random):
    order = list(range(len(buffers)))
    random.shuffle(order)
    placed = first_fit(requests(*((16 * n, t, t + d) for n, t, d in buffers)), order)
    for i, a in enumerate(placed):
        for b in placed[:i]:
            if a.first <= b.last and b.first <= a.last:
                assert a.offset + a.size_bytes <= b.offset or b.offset + b.size_bytes <= a.offset


def test_the_keyword_spotting_model_takes_what_the_real_interpreter_takes():
    model = keyword_spotting()
    found, real = plan_arena(model), ask(model.content)
    assert (found.head_bytes, found.tail_bytes_x86_64) == (real.head_bytes, real.tail_bytes)
    assert found.head_bytes == 2 * 25 * 5 * 64  # input and output of one layer


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


def steps(graph: Graph) -> list[tuple[str, int, int]]:
    return [(a.name, a.first, a.last) for a in plan(graph).allocations]


def test_a_called_subgraph_lives_within_its_callers_step():
    """Steps: 0 inputs, 1 RELU, 2 CALL_ONCE, 3 the subgraph, 4 and 5 its RELUs, 6 ADD."""
    a = T((1, 16), "FLOAT32")
    b, c, d = (T((1, 16), "FLOAT32", name=name) for name in "bcd")
    called = Graph(
        (constant(np.ones((1, 16)), "FLOAT32"), b, c),
        (Op("RELU", (0,), (1,)), Op("RELU", (1,), (2,))),
        (),
        (),
    )
    operators = (
        Op("RELU", (0,), (1,)),
        Op("CALL_ONCE", (), (), {"init_subgraph_index": 1}),
        Op("ADD", (1, 1), (2,)),
    )
    graph = Graph((a, d, a), operators, (0,), (2,), called=(called,))
    assert steps(graph) == [("", 0, 1), ("d", 1, 6), ("", 6, 6), ("b", 4, 5), ("c", 5, 5)]
    assert plan(graph).head_bytes == ask(graph.to_bytes()).head_bytes


def test_a_subgraph_that_nothing_calls_takes_room():
    graph = chain(1, 1, called=(chain(4, 4),))
    assert steps(graph)[2:] == [("t0", -1, -1), ("t1", -1, -1)]
    assert plan(graph).head_bytes == ask(graph.to_bytes()).head_bytes == 512


def test_subgraphs_that_call_each_other_without_end_are_refused():
    """Each of 40 subgraphs calls the next one twice: a million million calls."""
    calls = [Op("CALL_ONCE", (), (), {"init_subgraph_index": i}) for i in range(41)]
    graph = chain(1, 1)
    called = tuple(Graph((), (calls[i + 1],) * 2, (), ()) for i in range(1, 40))
    graph = replace(
        graph, operators=(*graph.operators, calls[1]), called=(*called, Graph(*[()] * 4))
    )
    with pytest.raises(InvalidModelError, match="called more than"):
        plan(graph)


NETS = [one_layer(layer, 1, t) for layer in LAYERS for t in ("INT8", "FLOAT32")]


@pytest.mark.parametrize("net", [*NETS, network(0), network(5)])
def test_the_least_arena(net):
    content = net.graph().to_bytes()
    least = plan_arena(Model.from_bytes(content)).min_arena_bytes_x86_64
    ask(content, arena_bytes=least)
    with pytest.raises(OracleError):
        ask(content, arena_bytes=least - 16)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (648, "Failed to resize buffer. Requested: 192, available"),
        (760, "Failed to allocate tail memory. Requested: "),
        (880, "Failed to allocate temp memory. Requested: 64, available"),
        (2000, "Failed to resize buffer. Requested: 12800, available"),
        (13500, "Failed to allocate tail memory. Requested: 64, available"),
        (13501, "Failed to allocate tail memory. Requested: 64, available"),
    ],
)
def test_every_failure_is_reported_in_tflms_words(size, words):
    content = chain(100, 100).to_bytes()
    model = Model.from_bytes(content)
    with pytest.raises(ArenaOutOfMemoryError, match=words) as ours:
        allocate(model, 12800, 2, X86_64, size)
    with pytest.raises(OracleError) as theirs:
        ask(content, arena_bytes=size)
    assert str(theirs.value).strip().splitlines()[0] == str(ours.value)


def test_too_many_buffers_for_the_planner():
    tensors = (T((1, 16), "FLOAT32"),) * 40
    content = Graph(tensors, (Op("RELU", (0,), (1,)),), (0,), (1,)).to_bytes()
    model = Model.from_bytes(content)
    size = plan_arena(model).min_arena_bytes_x86_64 - 32
    with pytest.raises(ArenaOutOfMemoryError, match=r"Too many buffers \(max is 39\)") as ours:
        allocate(model, 2560, 40, X86_64, size)
    with pytest.raises(OracleError) as theirs:
        ask(content, arena_bytes=size)
    assert str(theirs.value).strip().splitlines()[0] == str(ours.value)


def test_thousands_of_buffers():
    tensor = T((1, 4), "FLOAT32")
    operators = tuple(Op("RELU", (i,), (i + 1,)) for i in range(2000))
    assert plan(Graph((tensor,) * 2001, operators, (0,), (2000,))).head_bytes == 32
    # What nothing uses is alive all at once.
    assert plan(Graph((tensor,) * 20_000, (), (0,), (0,))).head_bytes == 19_999 * 16


def interpreter(graph: Graph, **keywords) -> Interpreter:
    return Interpreter(model_content=graph.to_bytes(), **keywords)


def test_the_device_reports_what_is_alive_and_what_would_help():
    graph = chain(100, 100)
    size = plan(graph).min_arena_bytes - 6400
    with pytest.raises(ArenaOutOfMemoryError) as caught:
        interpreter(graph, arena_size=size).allocate_tensors()
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("Failed to resize buffer. Requested: 12800, available 6")
    text = "\n".join(rest)
    assert "6,400 bytes  FLOAT32 t0\n" in text
    assert "6,400 bytes  FLOAT32 t1\n" in text
    assert "What would help: int8 instead of float32 activations (a quarter), fewer chann" in text


def test_advice_is_for_the_model_at_hand():
    """Two int8 tensors of 16 bytes: nothing is float, and the interpreter takes most."""
    tensors = tuple(T((1, 16), scale=1.0, name=name) for name in ("x;fused", "y"))
    graph = Graph(tensors, (Op("RELU", (0,), (1,)),), (0,), (1,))
    found = plan(graph)
    with pytest.raises(ArenaOutOfMemoryError, match=r"INT8 x\n") as caught:
        interpreter(graph, arena_size=found.min_arena_bytes - 16).allocate_tensors()
    words = str(caught.value)
    assert "What would help: fewer operators, since most is for the interpreter, or" in words
    more = found.min_arena_bytes - round_up(found.head_bytes + found.tail_bytes)
    assert f"and {more} more while it plans." in words


@pytest.mark.parametrize("graph", [chain(1, 1), chain(1, 1, 1), chain(100, 100)])
def test_the_least_arena_of_a_device_is_enough(graph):
    least = plan(graph).min_arena_bytes
    with pytest.raises(ArenaOutOfMemoryError):
        interpreter(graph, arena_size=least - 16).allocate_tensors()
    interpreter(graph, arena_size=least).allocate_tensors()


def test_a_board_lends_its_sram():
    fits, too_large = chain(1000, 1000), chain(3000, 3000)
    interpreter(fits, board="nano33ble").allocate_tensors()
    with pytest.raises(ArenaOutOfMemoryError, match="The arena has 262,144 bytes"):
        interpreter(too_large, board="nano33ble").allocate_tensors()
    interpreter(too_large, board="l4r5zi").allocate_tensors()
