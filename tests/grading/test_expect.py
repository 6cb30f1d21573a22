"""Forms of answers: what passes, and what a learner is told of the others."""

import numpy as np
import pytest

from qutils.grading import expect
from qutils.grading.expect import AnswerError

ARRAY = np.int8([[1, 2, 3], [4, 5, 6]])


def told(check, *args, **kwargs):
    with pytest.raises(AnswerError) as caught:
        check(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize("dtype", [None, "int8", "integer", "number"])
@pytest.mark.parametrize("shape", [None, (2, 3)])
def test_an_array_of_the_form_asked_for_is_returned_itself(shape, dtype):
    assert expect.array(ARRAY, "f", shape, dtype) is ARRAY


@pytest.mark.parametrize(
    ("value", "asked", "message"),
    [
        (None, {}, "`f` returned None: is a `return` missing?"),
        ([1, 2], {}, "`f` returned a list, an array is asked for"),
        (2.5, {}, "`f` returned a float, an array is asked for"),
        (True, {}, "`f` returned a bool, an array is asked for"),
        (np.float32(1), {}, "`f` returned a number of dtype float32, an array is asked for"),
        (abs, {}, "`f` returned a function, an array is asked for"),
        (map(abs, []), {}, "`f` returned a generator or the like, an array is asked for"),
        (object(), {}, "`f` returned an object that is no plain data, an array is asked for"),
        (np.zeros(2), {"dtype": "int8"}, "`f` returned dtype float64, int8 is asked for"),
        (np.zeros(2), {"dtype": "integer"}, "`f` returned dtype float64, an integer is asked for"),
        (np.zeros(2, complex), {"dtype": "number"}, "`f` returned dtype complex128, number is"),
        (np.zeros(2, bool), {"dtype": "number"}, "`f` returned dtype bool, number is asked for"),
        (np.array(["x" * 4321]), {"dtype": "float"}, "`f` returned dtype text, float is asked for"),
        (ARRAY, {"shape": (6,)}, "`f` returned an array of 2 dimensions, 1 asked for: look at"),
        (ARRAY, {"shape": (2, 4)}, "`f` returned an array that is too short along axis 1"),
        (ARRAY, {"shape": (1, 4)}, "`f` returned an array that is too long along axis 0"),
        (np.array(3), {"shape": (1,)}, "`f` returned an array of 0 dimensions, 1 asked for"),
        (np.array([0, np.nan]), {}, "`f` returned NaN (not a number), at least in one place"),
        ([[1], [2, 3]], {"lists": True}, "`f` returned a list that no array of numbers can"),
        ([None], {"lists": True}, "`f` returned a list that no array of numbers can be made of"),
        ([1.0], {"lists": True, "dtype": "int8"}, "`f` returned dtype float64, int8 is asked for"),
    ],
)
def test_another_form_gets_a_sentence(value, asked, message):
    assert told(expect.array, value, "f", **asked).startswith(message)


def test_lists_and_numbers_stand_for_arrays_where_they_may():
    assert expect.array([[1, 2]], "f", (1, 2), "int8", lists=True).tolist() == [[1, 2]]
    assert expect.array((1, 2), "f", (2,), "float32", lists=True).tolist() == [1, 2]
    assert expect.array([], "f", (0,), "int8", lists=True).size == 0
    assert expect.array(np.float64(2), "f", ()) == expect.array(2.0, "f", ()) == 2


def test_text_of_a_message_tells_no_length():
    """A learner's function could else send hidden inputs out as the length of its answer."""
    lengths = {told(expect.array, np.zeros(n), "f", (3,)) for n in (4, 40, 1234)}
    lengths |= {told(expect.array, np.array(["x" * n]), "f", dtype="int8") for n in (1, 9)}
    lengths |= {told(expect.pair, [0] * n, "f") for n in (0, 1, 77)}
    lengths |= {told(expect.number, 7**n, "f") for n in (50, 5000)}
    assert len(lengths) == 4


@pytest.mark.parametrize(
    "value", [3, np.int8(3), np.uint64(3), np.array(3), 3.0, np.float32(3), np.float16(3)]
)
def test_a_number_of_any_type_is_a_number_of_python(value):
    assert expect.number(value, "f") == 3
    assert type(expect.number(value, "f")) in (int, float)


@pytest.mark.parametrize(
    ("value", "integer", "message"),
    [
        (None, False, "`f` returned None: is a `return` missing?"),
        (True, False, "`f` returned a bool, a number is asked for"),
        (np.True_, False, "`f` returned a bool, a number is asked for"),
        (np.array(True), False, "`f` returned a bool, a number is asked for"),
        ("3", False, "`f` returned a text, a number is asked for"),
        (3j, False, "`f` returned a complex number, a number is asked for"),
        (np.array([3]), False, "`f` returned an array, a number is asked for"),
        (3.0, True, "`f` returned a float, an integer is asked for"),
        (np.float32(3), True, "`f` returned a number of dtype float32, an integer is asked for"),
        (float("nan"), False, "`f` returned NaN (not a number)"),
        pytest.param(10**5000, True, "`f` returned an integer of more than 64 bits", id="huge"),
        pytest.param(10**5000, False, "`f` returned an integer of more than 64 bits", id="vast"),
    ],
)
def test_what_is_no_number_gets_a_sentence(value, integer, message):
    assert told(expect.number, value, "f", integer) == message


def test_pairs_texts_dicts_and_contents():
    assert expect.pair((1, 2), "f") == expect.pair([1, 2], "f") == (1, 2)
    assert expect.pair((1, 2, 3), "f", 3) == (1, 2, 3)
    assert told(expect.pair, np.zeros(2), "f") == "`f` returned an array, 2 values are asked for"
    assert told(expect.pair, None, "f") == "`f` returned None: is a `return` missing?"
    assert expect.text("x", "f") == "x"
    assert told(expect.text, 3, "f") == "`f` returned an int, a text is asked for"
    assert expect.mapping({"a": 1}, "f") == {"a": 1}
    assert told(expect.mapping, None, "f") == "`f` returned None: is a `return` missing?"
    assert told(expect.mapping, [("a", 1)], "f") == "`f` returned a list, a dict is asked for"
    assert expect.content(b"x", "f") == b"x"
    assert told(expect.content, None, "your `m`") == "your `m` is None, bytes are asked for"


def test_a_function_that_leaves_its_arguments_alone():
    assert expect.unchanged(lambda a, b: a + b, np.array([1.0, np.nan]), b=1)[0] == 2
    assert expect.unchanged(sorted, [2, 1]) == [1, 2]


def double(values):
    values *= 2
    return values


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (double, np.array([1, 2]), "`double` changed what it was given: work on a copy"),
        (double, [1, 2], "`double` changed what it was given: work on a copy"),
        (np.asarray, np.zeros(2), "`asarray` returned its argument or a view of it, which"),
        (np.transpose, np.zeros((2, 3)), "`transpose` returned its argument or a view of it"),
        (lambda a: (1, [a[1:]]), np.zeros(3), "`<lambda>` returned its argument or a view"),
        (3.5, np.zeros(3), "the answer is a float, a function is asked for"),
    ],
)
def test_a_function_that_does_not_is_told(function, argument, message):
    assert told(expect.unchanged, function, argument).startswith(message)
