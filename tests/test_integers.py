"""Integers of few bits against a pencil, Python's own integers and NumPy's casts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qutils.integers import (
    from_twos_complement,
    pack_int4,
    saturate,
    twos_complement,
    unpack_int4,
    wrap,
)

BITS = st.integers(2, 32)
INT64 = st.integers(-(2**63), 2**63 - 1)
INT4 = hnp.arrays(np.int8, st.integers(0, 33), elements=st.integers(-8, 7))


def test_patterns():
    assert twos_complement([0, 1, 7, -8, -1], 4).tolist() == [
        0b0000,
        0b0001,
        0b0111,
        0b1000,
        0b1111,
    ]
    # Invert all bits and add 1: 5 is 0101, inverted 1010, plus 1 is 1011.
    assert twos_complement(-5, 4) == 0b1011


@given(BITS, st.data())
def test_patterns_and_back(bits, data):
    x = data.draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    pattern = int(twos_complement(x, bits))
    assert pattern == x % 2**bits
    assert from_twos_complement(pattern, bits) == x


def test_the_ends_of_int8():
    x = [126, 127, 128, 129, -128, -129, 300]
    assert saturate(x).tolist() == [126, 127, 127, 127, -128, -128, 127]
    assert wrap(x).tolist() == [126, 127, -128, -127, -128, 127, 44]


def test_casting_before_adding_the_zero_point_wraps():
    # 2.6 at scale 0.01 is 260 steps; with zero point -128 it is 132, one end is 127.
    assert saturate(260 - 128) == 127
    assert wrap(wrap(260) - 128) == -124


@given(st.sampled_from([8, 16, 32]), INT64)
def test_wrapping_is_the_cast_of_numpy(bits, x):
    assert wrap(x, bits) == np.array(x).astype(f"int{bits}")


@given(BITS, INT64)
def test_both_keep_what_fits_and_stay_in_range(bits, x):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    assert saturate(x, bits) == min(max(x, low), high)
    assert low <= wrap(x, bits) <= high
    assert (x - int(wrap(x, bits))) % 2**bits == 0


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=50))
def test_a_sum_may_wrap_on_its_way_and_not_saturate(terms):
    wrapped = 0
    for term in terms:
        wrapped = int(wrap(wrapped + term, 16))
    assert wrapped == sum(terms)  # at most 50 * 128 = 6400: the total fits
    total = 0
    for term in terms:
        total = int(wrap(total + term))
    assert total == wrap(sum(terms))


def test_saturation_forgets():
    assert saturate(saturate(100 + 100) - 100) == 27
    assert wrap(wrap(100 + 100) - 100) == 100


# int4, two to a byte


def test_packing():
    # 1 and -1: 0001 below, 1111 above; 7 alone: 0111 below, nothing above.
    assert pack_int4([1, -1, 7]).tolist() == [0b1111_0001, 0b0000_0111]
    assert unpack_int4(np.array([0b1111_0001, 0b0000_0111], np.uint8), 3).tolist() == [1, -1, 7]


@given(INT4)
def test_packing_and_back(values):
    packed = pack_int4(values)
    assert packed.dtype == np.uint8
    assert len(packed) == (len(values) + 1) // 2
    again = unpack_int4(packed, len(values))
    assert again.dtype == np.int8
    np.testing.assert_array_equal(again, values)


@given(hnp.arrays(np.uint8, st.integers(0, 20)))
def test_every_byte_is_two_integers(packed):
    np.testing.assert_array_equal(pack_int4(unpack_int4(packed, 2 * packed.size)), packed)


def test_arrays_are_packed_in_c_order():
    values = np.array([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(pack_int4(values), [0x21, 0x43, 0x65])


# Errors


@pytest.mark.parametrize("function", [twos_complement, from_twos_complement, saturate, wrap])
@pytest.mark.parametrize("bits", [1, 33, 7.5])
def test_bits_out_of_range(function, bits):
    with pytest.raises(ValueError, match=f"from 2 to 32, got {bits}"):
        function(0, bits)


@pytest.mark.parametrize("function", [twos_complement, from_twos_complement, saturate, wrap])
def test_values_that_are_no_integers(function):
    with pytest.raises(ValueError, match="integers within int64, got float64"):
        function([0.5])
    with pytest.raises(ValueError, match="integers within int64, got uint64"):
        function([np.uint64(2**63)])


def test_values_that_do_not_fit():
    with pytest.raises(ValueError, match=r"\[-8, 7\], got 0\.\.8"):
        pack_int4([0, 8])
    with pytest.raises(ValueError, match=r"\[0, 255\], got -1"):
        from_twos_complement(-1)
    with pytest.raises(ValueError, match="2 bytes do not hold 5"):
        unpack_int4(np.zeros(2, np.uint8), 5)
    for no_bytes in (np.zeros(2, np.int8), [1, 2]):
        with pytest.raises(ValueError, match=r"must be bytes \(uint8\), got int"):
            unpack_int4(no_bytes, 4)
