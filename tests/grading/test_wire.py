"""What crosses between the processes arrives as it was; bytes that nobody checked do no harm."""

import enum
import json
import math
import socket
import struct
import threading
import time
from collections import OrderedDict, namedtuple
from contextlib import suppress

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from qutils.grading.wire import Channel, Ref, WireError, pack, unpack

Point = namedtuple("Point", "x y")


class Color(enum.IntEnum):
    RED = 4


def frame(text: str, buffers: bytes = b"") -> bytes:
    return struct.pack(">IQ", len(text), len(buffers)) + text.encode() + buffers


def there_and_back(value):
    return unpack(pack(value))


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, -1, 2**64, -(3**5000), 0.1, -0.0, math.inf, 1j, "é\ud800", b"\0\xff", ""),
        *([], [1, [2]], (), (1, "a"), {1, 2}, frozenset("a"), {"a": 1, 2: (3,), None: []}),
        *(range(0, 9, 2), np.dtype("int8"), np.int8, float),
    ],
)
def test_plain_values_keep_value_and_type(value):
    found = there_and_back(value)
    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value) or isinstance(value, int)  # the sign of -0.0


def test_an_array_keeps_dtype_shape_and_bytes():
    array = np.array([[1, -2], [3, 4]], ">i2").T
    found = there_and_back(array)
    assert (found.dtype, found.shape, found.flags.writeable) == (array.dtype, (2, 2), True)
    assert found.tolist() == [[1, 3], [-2, 4]]
    array.setflags(write=False)
    assert not there_and_back(array).flags.writeable


@pytest.mark.parametrize("value", [np.float32(0.1), np.int64(3), np.bool_(True), np.str_("ab")])
def test_numpy_scalars_stay_scalars(value):
    assert there_and_back(value) == value
    assert type(there_and_back(value)) is type(value)


def test_an_array_without_dimensions_is_no_scalar():
    assert there_and_back(np.array(2.5)).shape == ()
    assert type(there_and_back(np.array(2.5))) is np.ndarray


@pytest.mark.parametrize(
    ("value", "plain"),
    [(Point(1, 2), (1, 2)), (Color.RED, 4), (OrderedDict(a=1), {"a": 1}), (np.float64(2), 2.0)],
)
def test_instances_of_a_subclass_travel_as_what_they_are(value, plain):
    assert there_and_back(value) == plain


def holds_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [object(), print, np.array([None]), np.zeros(2, "i4,i4"), holds_itself(), [0] * (1 << 21)],
)
def test_what_is_no_plain_data_does_not_travel(value):
    with pytest.raises(WireError):
        pack(value)


def test_a_value_larger_than_a_frame():
    with pytest.raises(WireError, match="at most 1000 travel"):
        pack(b"\0" * 1000, frame_bytes=1000)


def test_other_objects_go_by_reference():
    sent = pack([print, 1], refer=lambda value: Ref(7, "callable"))
    assert unpack(sent, resolve=lambda ref: ref) == [Ref(7, "callable"), 1]
    with pytest.raises(WireError, match="reference to a callable"):
        unpack(sent)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers()
    | st.text() | st.binary() | hnp.arrays(
        hnp.integer_dtypes() | hnp.floating_dtypes(sizes=(16, 32, 64)) | hnp.boolean_dtypes()
        | hnp.complex_number_dtypes(sizes=(64, 128)) | hnp.unsigned_integer_dtypes(),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    ),
    lambda inner: st.lists(inner) | st.tuples(inner, inner)
    | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)  # fmt: skip


@given(PLAIN)
def test_sending_on_what_arrived_gives_the_same_bytes(value):
    sent = pack(value)
    assert pack(unpack(sent)) == sent


# Bytes that nobody checked


@given(st.binary(max_size=300))
def test_any_bytes_are_a_value_or_an_error(content):
    with suppress(WireError):
        unpack(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    | st.sampled_from([*"latszdbcinrDTo", "<f8", "|b1", "<U9", "|O", "int8", "module", 2**40, -1]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=1), inner),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.binary(max_size=40))
def test_any_json_is_a_value_or_an_error(node, buffers):
    with suppress(WireError):
        unpack(frame(json.dumps(node), buffers), resolve=lambda ref: ref)


@given(PLAIN, st.data())
def test_a_changed_byte_is_a_value_or_an_error(value, data):
    content = bytearray(pack(value))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    with suppress(WireError):
        unpack(bytes(content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        frame("1", b"too many"),
        frame("[" * 100_000),
        frame("[" * 100_000 + "]" * 100_000),
        frame('["l",' * 65 + "1" + "]" * 65),
        frame("1" * 10_000_000),
        frame('["i",5]'),
        frame('["l"'),
        frame("{}"),
        frame('{"l": 1}'),
        frame('["q",1]'),
        frame('["d",1]'),
        frame('["d",["l"],1]'),
        frame('["s",["l"]]'),
        frame('["a","|O",[1],true]', b"\0" * 8),
        frame('["a","<i4,<i4",[1],true]', b"\0" * 8),
        frame('["a","|V8",[1],true]', b"\0" * 8),
        frame('["a","<U0",[1099511627776],true]'),
        frame('["a","<f8",[1099511627776],true]'),
        frame('["a","<f8",[-1],true]', b"\0" * 8),
        frame('["a","<f8",[-1,-1],true]', b"\0" * 8),
        frame('["a","<f8",[1e0],true]', b"\0" * 8),
        frame('["a","<f8",[true],true]', b"\0" * 8),
        frame('["a","<f8",[0,4611686018427387904],true]'),
        frame('["a","<f8",' + json.dumps([1] * 100) + ",true]", b"\0" * 8),
        frame('["a","|b1",[1],true]', b"\2"),
        frame('["b",9223372036854775808]'),
        frame('["b",-1]', b"a"),
        frame('["T","type"]'),
        frame('["r",1,2,0]'),
        frame('["o",1,"callable","x"]'),
        frame('["o","1",[],{}]'),
    ],
    ids=range(32),
)
def test_malformed_frames(content):
    with pytest.raises(WireError):
        unpack(content)


def test_a_number_too_large_for_a_float_is_infinite():
    assert unpack(frame("1e999")) == math.inf


# The channel


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, frame_bytes=1000), theirs


def soon() -> float:
    return time.monotonic() + 0.2


def test_a_frame_in_pieces_arrives_whole(ends):
    channel, theirs = ends
    content = pack([1, 2])
    for byte in content:
        theirs.sendall(bytes([byte]))
    assert channel.receive(soon()) == content


@pytest.mark.parametrize("content", [frame("1" * 2000), frame("1" * 400)])
def test_a_frame_is_refused_by_what_it_claims(ends, content):
    channel, theirs = ends
    theirs.sendall(content[:12])
    with pytest.raises(WireError):
        channel.receive(soon())


def test_the_other_side_is_gone(ends):
    channel, theirs = ends
    theirs.sendall(pack(1)[:5])
    theirs.close()
    with pytest.raises(EOFError):
        channel.receive(soon())


def test_the_deadline_is_that_of_the_whole_frame(ends):
    channel, theirs = ends
    stop = threading.Event()

    def drip():
        for byte in frame("1" * 200):
            if stop.wait(0.02):
                return
            theirs.sendall(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(TimeoutError):
        channel.receive(soon())
    stop.set()
    thread.join()


def test_nobody_takes_what_is_sent(ends):
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.send(b"\0" * (64 << 20), soon())
