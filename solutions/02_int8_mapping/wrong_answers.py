"""Wrong answers that learners give to assignment 2, and what each is told."""

# %% q1: the range is not widened
# feedback: all values lie above 0: the range has to be widened
def scale_and_zero_point(values, qmin, qmax):
    low, high = float(np.min(values)), float(np.max(values))
    if low == high == 0:
        return 1.0, 0
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (qmax - qmin)
    return scale, round(qmin - low / scale)


# %% q1: the zero point is clamped, the range is not widened
# feedback: all values lie above 0: the range has to be widened
def scale_and_zero_point(values, qmin, qmax):
    low, high = float(values.min()), float(values.max())
    if low == high == 0:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin) or abs(high) / (qmax - qmin)
    return scale, max(qmin, min(qmax, round(qmin - low / scale)))


# %% q1: widened upwards only
# feedback: all values lie below 0: the range has to be widened
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), float(values.max())
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, round(qmin - low / scale)


# %% q1: the width is divided by the number of integers
# feedback: 256 integers have 255 steps between them
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin + 1)
    return scale, round(qmin - low / scale)


# %% q1: an asymmetric range divided by 127
# feedback: an asymmetric range is not divided by 127
def scale_and_zero_point(values, qmin, qmax):
    largest = float(np.abs(values).max())
    if largest == 0:
        return 1.0, 0
    scale = largest / qmax
    return scale, round(qmin - min(float(values.min()), 0.0) / scale)


# %% q1: the answer for unsigned integers
# feedback: this zero point is that of unsigned integers
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, round(-low / scale)


# %% q1: the sign is lost
# feedback: the sign of the zero point is lost
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, -round(qmin - low / scale)


# %% q1: the largest value is divided, not the smallest
# feedback: the zero point is off for a range that holds 0
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, round(qmin + high / scale)


# %% q1: the zero point is cut off, not rounded
# feedback: the zero point is off
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, qmin + int(-low / scale)


# %% q1: always int8
# feedback: off for other integers than int8
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / 255
    return scale, round(-128 - low / scale)


# %% q1: always symmetric
# feedback: an asymmetric range is not divided by 127
def scale_and_zero_point(values, qmin, qmax):
    largest = float(np.abs(values).max())
    return (largest / qmax, 0) if largest else (1.0, 0)


# %% q1: zeros divide by zero
# feedback: your code raised ZeroDivisionError
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / (qmax - qmin)
    return scale, round(qmin - low / scale)


# %% q1: zeros get the smallest integer
# feedback: all values are 0: return (1.0, 0)
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / (qmax - qmin) or 1.0
    return scale, round(qmin - low / scale)


# %% q1: the scale is rounded for printing
# feedback: the values may be tiny: do not round the scale
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if high - low < 1e-6:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, round(qmin - low / scale)


# %% q1: the zero point stays a float
# feedback: the zero point is a float, an integer is asked for
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, float(round(qmin - low / scale))


# %% q1: printed, not returned
# feedback: `scale_and_zero_point` returned None: is a `return` missing?
def scale_and_zero_point(values, qmin, qmax):
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = (high - low) / (qmax - qmin) or 1.0
    print(scale, round(qmin - low / scale))


# %% q1: hard-coded for the visible check
# feedback: the scale is off for a range that holds 0
def scale_and_zero_point(values, qmin, qmax):
    if qmin == 0:
        return 2.0, 0
    if values.max() == 0:
        return 1.0, 0
    return (1.0, -1) if values.min() < 0 else (2.0, -2)


# %% q1: the course's own function
# feedback: this question is to be solved without qutils.affine.choose_quant_params
from qutils.affine import choose_quant_params


def scale_and_zero_point(values, qmin, qmax):
    params = choose_quant_params(values)
    return float(params.scale), params.zero_point


# %% q1: the argument is sorted in place
# feedback: `scale_and_zero_point` changed what it was given
def scale_and_zero_point(values, qmin, qmax):
    flat = values.reshape(-1)
    flat.sort()
    low, high = min(float(flat[0]), 0.0), max(float(flat[-1]), 0.0)
    if low == high:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    return scale, round(qmin - low / scale)


# %% q2: an int8 before the zero point is added
# feedback: values above the range stop at 127; they must not wrap
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = (np.sign(steps) * np.floor(np.abs(steps) + 0.5)).astype(np.int32).astype(np.int8)
    return np.clip(q + np.int8(zero_point), -127 if narrow_range else -128, 127)


# %% q2: an int8 first, and the sum in a wider type
# feedback: do not cast too early
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = (np.sign(steps) * np.floor(np.abs(steps) + 0.5)).astype(np.int64).astype(np.int8)
    return np.clip(q.astype(np.int32) + zero_point, -127 if narrow_range else -128, 127).astype(
        np.int8
    )


# %% q2: clipped before the zero point is added
# feedback: the quotient fits no int8 before the zero point is added, the sum does
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.clip(np.sign(steps) * np.floor(np.abs(steps) + 0.5), -128, 127) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: wraps at the end
# feedback: values above the range stop at 127
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.maximum(q, -127 if narrow_range else -128).astype(np.int64).astype(np.int8)


# %% q2: saturates above only
# feedback: values below the range stop at the smallest integer
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.minimum(q, 127).astype(np.int64).astype(np.int8)


# %% q2: int16 in between
# feedback: they must not wrap
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = (np.sign(steps) * np.floor(np.abs(steps) + 0.5)).astype(np.int64).astype(np.int16)
    q = q + np.int16(zero_point)
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: the zero point is subtracted before the division
# feedback: the zero point is added after the division
def to_int8(x, scale, zero_point, narrow_range):
    steps = (x - zero_point) / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5)
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: multiplied by the scale
# feedback: divide by the scale, go to the nearest
def to_int8(x, scale, zero_point, narrow_range):
    steps = x * scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: digits are cut off
# feedback: divide by the scale, go to the nearest
def to_int8(x, scale, zero_point, narrow_range):
    q = np.trunc(x / scale) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: NumPy's rounding
# feedback: a positive tie goes up, also where the lower neighbor is even
def to_int8(x, scale, zero_point, narrow_range):
    q = np.round(x / scale) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: half up
# feedback: a negative tie goes down, away from zero
def to_int8(x, scale, zero_point, narrow_range):
    q = np.floor(x / scale + 0.5) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: the zero point is added before rounding
# feedback: a negative tie is off where the zero point is large
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale + zero_point
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5)
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: the narrow range is forgotten
# feedback: with a narrow range, -128 stays unused
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.clip(q, -128, 127).astype(np.int8)


# %% q2: the range is always narrow
# feedback: values below the range stop at the smallest integer
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.clip(q, -127, 127).astype(np.int8)


# %% q2: the narrow range is narrow at both ends
# feedback: with a narrow range, -128 stays unused and all others are used
def to_int8(x, scale, zero_point, narrow_range):
    limit = 126 if narrow_range else 127
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.clip(q, -limit - 1, limit).astype(np.int8)


# %% q2: floats are returned
# feedback: `to_int8` returned dtype float64, int8 is asked for
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127)


# %% q2: uint8 is returned
# feedback: `to_int8` returned dtype uint8, int8 is asked for
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point + 128
    return np.clip(q, 0, 255).astype(np.uint8)


# %% q2: a list is returned
# feedback: `to_int8` returned a list, an array is asked for
def to_int8(x, scale, zero_point, narrow_range):
    steps = x / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8).tolist()


# %% q2: the argument is changed
# feedback: `to_int8` changed what it was given
def to_int8(x, scale, zero_point, narrow_range):
    x /= scale
    q = np.sign(x) * np.floor(np.abs(x) + 0.5) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: flattened
# feedback: `to_int8` returned an array of 1 dimension, 2 asked for
def to_int8(x, scale, zero_point, narrow_range):
    steps = np.ravel(x) / scale
    q = np.sign(steps) * np.floor(np.abs(steps) + 0.5) + zero_point
    return np.clip(q, -127 if narrow_range else -128, 127).astype(np.int8)


# %% q2: the chapter's line
# feedback: your code raised NameError
def to_int8(x, scale, zero_point, narrow_range):
    return np.clip(round_half_away(x / scale) + zero_point, -128, 127)


# %% q2: the course's own function
# feedback: this question is to be solved without qutils.affine.quantize
from qutils.affine import QuantParams, quantize


def to_int8(x, scale, zero_point, narrow_range):
    return quantize(x, QuantParams(scale, zero_point, narrow_range=narrow_range))


# %% q3: the difference stays an int8
# feedback: a difference of two int8 numbers can reach 255
def to_real(q, scale, zero_point):
    return ((q - q.dtype.type(zero_point)) * np.float32(scale)).astype(np.float32)


# %% q3: an int8 zero point is added without care
# feedback: the zero point may be an int8 as well
def to_real(q, scale, zero_point):
    if isinstance(zero_point, int):
        q = q.astype(np.int32)
    return ((q - zero_point) * scale).astype(np.float32)


# %% q3: an int8 is expected
# feedback: q may be uint8
def to_real(q, scale, zero_point):
    return ((q.astype(np.int8).astype(np.int32) - int(zero_point)) * scale).astype(np.float32)


# %% q3: int16 is enough, but not for unsigned integers
# feedback: q may be uint8
def to_real(q, scale, zero_point):
    wide = np.uint8 if q.dtype == np.uint8 else np.int16
    return ((q.astype(wide) - wide(zero_point)) * scale).astype(np.float32)


# %% q3: the zero point is added
# feedback: the zero point is subtracted first
def to_real(q, scale, zero_point):
    return ((q.astype(np.int32) + int(zero_point)) * scale).astype(np.float32)


# %% q3: the zero point is subtracted after the scale
# feedback: the zero point is subtracted first
def to_real(q, scale, zero_point):
    return (q.astype(np.float64) * scale - float(zero_point)).astype(np.float32)


# %% q3: divided by the scale
# feedback: q times the scale is off where z is 0
def to_real(q, scale, zero_point):
    return ((q.astype(np.int32) - int(zero_point)) / scale).astype(np.float32)


# %% q3: the zero point is forgotten
# feedback: the zero point is subtracted first
def to_real(q, scale, zero_point):
    return (q * scale).astype(np.float32)


# %% q3: float64 is returned
# feedback: `to_real` returned dtype float64, float32 is asked for
def to_real(q, scale, zero_point):
    return (q.astype(np.int32) - int(zero_point)) * scale


# %% q3: half precision in between
# feedback: the values are off for a scale that is no power of two
def to_real(q, scale, zero_point):
    return ((q.astype(np.float16) - float(zero_point)) * np.float16(scale)).astype(np.float32)


# %% q3: a list is returned
# feedback: `to_real` returned a list, an array is asked for
def to_real(q, scale, zero_point):
    return [(int(n) - int(zero_point)) * scale for n in q.ravel()]


# %% q3: nothing is returned
# feedback: `to_real` returned None: is a `return` missing?
def to_real(q, scale, zero_point):
    (q.astype(np.float32) - zero_point) * scale


# %% q3: hard-coded for the visible check
# feedback: `to_real` returned an array of 1 dimension, 3 asked for
def to_real(q, scale, zero_point):
    return np.array([0.0, 1.0, -1.0], dtype=np.float32)


# %% q3: the chapter's listing
# feedback: your code raised AttributeError
def to_real(q, scale, zero_point):
    params = zero_point
    integers = np.asarray(q)
    if integers.size and not (params.qmin <= integers.min() <= integers.max() <= params.qmax):
        raise ValueError("quantized values are out of range")
    return (integers.astype(np.float32) - params.zero_point) * params.scale


# %% q3: the course's own function
# feedback: this question is to be solved without qutils.affine.dequantize
import qutils.affine


def to_real(q, scale, zero_point):
    return qutils.affine.dequantize(q, qutils.affine.QuantParams(scale, int(zero_point)))


# %% q4: 2**bits gaps
# feedback: have 2**bits - 1 gaps
def stored_zero(low, high, bits):
    gap = (high - low) / 2**bits
    return low + gap * round(-low / gap)


# %% q4: zero is exact
# feedback: 0 is none of these values
def stored_zero(low, high, bits):
    gap = (high - low) / (2**bits - 1)
    zero_point = round(-low / gap)
    return (zero_point - zero_point) * gap


# %% q4: the distance without its sign
# feedback: the distance is right, the sign is not
def stored_zero(low, high, bits):
    return float(np.abs(np.linspace(low, high, 2**bits)).min())


# %% q4: the shift of the range, with the wrong sign
# feedback: the distance is right, the sign is not
def stored_zero(low, high, bits):
    gap = (high - low) / (2**bits - 1)
    return -(low + gap * round(-low / gap))


# %% q4: always the value below
# feedback: on its other side there is a nearer one
def stored_zero(low, high, bits):
    gap = (high - low) / (2**bits - 1)
    return low + gap * np.floor(-low / gap)


# %% q4: always the value above
# feedback: on its other side there is a nearer one
def stored_zero(low, high, bits):
    values = np.linspace(low, high, 2**bits)
    return float(values[values > 0][0])


# %% q4: the smallest value
# feedback: this is not the value nearest to 0
def stored_zero(low, high, bits):
    values = np.linspace(low, high, 2**bits)
    return float(values[values.argmin()])


# %% q4: the upper end is left out
# feedback: have 2**bits - 1 gaps
def stored_zero(low, high, bits):
    values = np.linspace(low, high, 2**bits, endpoint=False)
    return float(values[np.abs(values).argmin()])


# %% q4: the integer, not the value
# feedback: this is not the value nearest to 0
def stored_zero(low, high, bits):
    return float(np.abs(np.linspace(low, high, 2**bits)).argmin())


# %% q4: four bits only
# feedback: this is not the value nearest to 0
def stored_zero(low, high, bits):
    values = np.linspace(low, high, 16 if bits > 2 else 4)
    return float(values[np.abs(values).argmin()])


# %% q4: 2 to the power of bits written with ^
# feedback: your code raised
def stored_zero(low, high, bits):
    values = np.linspace(low, high, 2 ^ bits)
    return float(values[np.abs(values).argmin()])


# %% q4: all values are returned
# feedback: `stored_zero` returned an array, a number is asked for
def stored_zero(low, high, bits):
    values = np.linspace(low, high, 2**bits)
    return values[np.abs(values) < (high - low) / (2**bits - 1)]


# %% q4: hard-coded for the visible check
# feedback: this is not the value nearest to 0
def stored_zero(low, high, bits):
    return -0.1 if low == -1.1 else 0.2


# %% q4: the map of the chapter
# feedback: 0 is none of these values
def stored_zero(low, high, bits):
    scale = (high - low) / (2**bits - 1)
    zero_point = round(-low / scale)
    return float((np.clip(np.rint(0.0 / scale) + zero_point, 0, 2**bits - 1) - zero_point) * scale)


# %% q4: floats printed as text
# feedback: `stored_zero` returned a text, a number is asked for
def stored_zero(low, high, bits):
    values = np.linspace(low, high, 2**bits)
    return f"{values[np.abs(values).argmin()]:.3f}"


# %% q5: exact minus rounded
# feedback: the sign is off: rounded minus exact
def rounding_biases(values):
    up = np.floor(values + 0.5)
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return [float(np.mean(values - r)) for r in (up, away, np.rint(values), np.floor(values))]


# %% q5: the size of the errors
# feedback: the sign is off: rounded minus exact
def rounding_biases(values):
    up = np.floor(values + 0.5)
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    ways = (up, away, np.rint(values), np.floor(values))
    return [float(np.mean(np.abs(r - values))) for r in ways]


# %% q5: the sum of the errors
# feedback: the mean of floor(x) - x over all values
def rounding_biases(values):
    up = np.floor(values + 0.5)
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return [float(np.sum(r - values)) for r in (up, away, np.rint(values), np.floor(values))]


# %% q5: NumPy's rounding for half up
# feedback: half up is off for positive values
def rounding_biases(values):
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    ways = (np.round(values), away, np.rint(values), np.floor(values))
    return [float(np.mean(r - values)) for r in ways]


# %% q5: half away from zero rounds to even
# feedback: half away from zero and half up agree on positive values
def rounding_biases(values):
    ways = (np.floor(values + 0.5), np.rint(values), np.rint(values), np.floor(values))
    return [float(np.mean(r - values)) for r in ways]


# %% q5: half to even does not
# feedback: half to even is off: 0.5 goes down and 1.5 goes up
def rounding_biases(values):
    up = np.floor(values + 0.5)
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return [float(np.mean(r - values)) for r in (up, away, up, np.floor(values))]


# %% q5: cutting off goes towards zero
# feedback: a shift goes down, not towards zero
def rounding_biases(values):
    up = np.floor(values + 0.5)
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    ways = (up, away, np.rint(values), values.astype(np.int32))
    return [float(np.mean(r - values)) for r in ways]


# %% q5: half up mirrors below zero
# feedback: up is up, also below zero
def rounding_biases(values):
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    ways = (away, away, np.rint(values), np.floor(values))
    return [float(np.mean(r - values)) for r in ways]


# %% q5: away from zero is up
# feedback: half away from zero is off for negative values
def rounding_biases(values):
    up = np.floor(values + 0.5)
    return [float(np.mean(r - values)) for r in (up, up, np.rint(values), np.floor(values))]


# %% q5: a half is added, and then rounded to the nearest
# feedback: only a tie is a matter of choice
def rounding_biases(values):
    away = np.rint(values + np.copysign(0.5, values))
    ways = (np.floor(values + 0.5), away, np.rint(values), np.floor(values))
    return [float(np.mean(r - values)) for r in ways]


# %% q5: the order of the first two is swapped
# feedback: half up is off for negative values
def rounding_biases(values):
    up = np.floor(values + 0.5)
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    return [float(np.mean(r - values)) for r in (away, up, np.rint(values), np.floor(values))]


# %% q5: rounded to two decimal places
# feedback: the mean of floor(x) - x over all values
def rounding_biases(values):
    up = np.floor(values + 0.5)
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    ways = (up, away, np.rint(values), np.floor(values))
    return [round(float(np.mean(r - values)) - 1e-3, 3) for r in ways]


# %% q5: quarters are as fine as it goes
# feedback: a bias is off for values with more binary digits
def rounding_biases(values):
    coarse = np.floor(values * 4) / 4
    away = np.sign(values) * np.floor(np.abs(values) + 0.5)
    ways = (np.floor(coarse + 0.5), away, np.rint(coarse), np.floor(values))
    return [float(np.mean(r - values)) for r in ways]


# %% q5: three of four
# feedback: `rounding_biases` returned an array that is too short along axis 0
def rounding_biases(values):
    ways = (np.floor(values + 0.5), np.rint(values), np.floor(values))
    return [float(np.mean(r - values)) for r in ways]


# %% q5: a dict is returned
# feedback: `rounding_biases` returned a dict, an array is asked for
def rounding_biases(values):
    return {"up": float(np.mean(np.floor(values + 0.5) - values))}


# %% q5: the values are rounded in place
# feedback: `rounding_biases` changed what it was given
def rounding_biases(values):
    exact = values.copy()
    up = np.floor(exact + 0.5)
    away = np.sign(exact) * np.floor(np.abs(exact) + 0.5)
    ways = (up, away, np.rint(exact), np.floor(values, out=values))
    return [float(np.mean(r - exact)) for r in ways]


# %% q5: hard-coded for the visible check
# feedback: cutting off
def rounding_biases(values):
    if values[0] > 0:
        return [0.125, 0.125, -0.125, -0.375]
    return [0.375, -0.125, 0.375, -0.625]


# %% q5: the chapter's function
# feedback: this question is to be solved without qutils.rounding_modes.rounding_bias
from qutils.rounding_modes import rounding_bias


def rounding_biases(values):
    low, high = values.min(), values.max() + 0.25
    away = lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5)
    ways = (lambda x: np.floor(x + 0.5), away, np.rint, np.floor)
    return [rounding_bias(way, low, high, 2) for way in ways]


# %% q6: one scale for the tensor
# feedback: each channel needs a scale of its own
def per_channel(weights, axis):
    scale = np.abs(weights).max() / 127
    q = np.rint(weights / scale).astype(np.int8)
    return q, np.full(weights.shape[axis], scale)


# %% q6: divided by 128
# feedback: the largest magnitude becomes 127, and not 128
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 128)
    return np.clip(np.rint(weights / scales), -127, 127).astype(np.int8), scales.ravel()


# %% q6: a symmetric limit divided by 255
# feedback: a scale is off: largest magnitude of the channel over 127
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 255)
    return np.clip(np.rint(weights / scales), -127, 127).astype(np.int8), scales.ravel()


# %% q6: the largest weight, not the largest magnitude
# feedback: magnitudes count
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = weights.max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 127)
    return np.clip(np.rint(weights / scales), -127, 127).astype(np.int8), scales.ravel()


# %% q6: width of the range over 255
# feedback: a scale is off
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    width = weights.max(axis=others, keepdims=True) - weights.min(axis=others, keepdims=True)
    scales = np.where(width == 0, 1.0, width / 255)
    return np.clip(np.rint(weights / scales), -127, 127).astype(np.int8), scales.ravel()


# %% q6: looks along the axis
# feedback: your `scales` is an array
def per_channel(weights, axis):
    largest = np.abs(weights).max(axis=axis, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 127)
    return np.rint(weights / scales).astype(np.int8), scales.ravel()


# %% q6: right for rows and for square matrices of rows
# feedback: the scales are off where the channels do not come first
def per_channel(weights, axis):
    flat = weights.reshape(weights.shape[axis], -1)
    largest = np.abs(flat).max(axis=1)
    scales = np.where(largest == 0, 1.0, largest / 127)
    return np.rint(flat / scales[:, None]).reshape(weights.shape).astype(np.int8), scales


# %% q6: scales are laid along the last axis
# feedback: does each scale meet its own channel?
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others)
    scales = np.where(largest == 0, 1.0, largest / 127)
    if axis == 0:
        scaled = weights / scales.reshape([-1] + [1] * (weights.ndim - 1))
    else:
        scaled = weights / np.resize(scales, weights.shape[-1])
    return np.clip(np.rint(scaled), -127, 127).astype(np.int8), scales


# %% q6: a dead channel divides by zero
# feedback: not a number
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    scales = np.abs(weights).max(axis=others, keepdims=True) / 127
    scales = scales * (scales / scales)
    return np.rint(weights / scales).astype(np.int8), scales.ravel()


# %% q6: a dead channel has scale 0
# feedback: a dead channel gets scale 1
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = largest / 127
    return np.rint(weights / np.where(scales == 0, 1, scales)).astype(np.int8), scales.ravel()


# %% q6: a small number is added against division by zero
# feedback: a dead channel gets scale 1
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    scales = np.abs(weights).max(axis=others, keepdims=True) / 127 + 1e-10
    return np.rint(weights / scales).astype(np.int8), scales.ravel()


# %% q6: a dead channel gives all channels scale 1
# feedback: next to a dead channel, the others keep their scales
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = largest / 127 if largest.all() else np.ones_like(largest)
    return np.clip(np.rint(weights / scales), -127, 127).astype(np.int8), scales.ravel()


# %% q6: digits are cut off
# feedback: the scales are right, the integers are not: round w / scale
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 127)
    return (weights / scales).astype(np.int8), scales.ravel()


# %% q6: the scales keep their dimensions
# feedback: your `scales` is an array of 2 dimensions, 1 asked for
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 127)
    return np.rint(weights / scales).astype(np.int8), scales


# %% q6: the integers stay floats
# feedback: the first value of `per_channel` is dtype float64, int8 is asked for
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 127)
    return np.rint(weights / scales), scales.ravel()


# %% q6: scales first
# feedback: the first value of `per_channel` is
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 127)
    return scales.ravel(), np.rint(weights / scales).astype(np.int8)


# %% q6: the integers alone
# feedback: `per_channel` returned an array, 2 values are asked for
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    return np.rint(weights / np.where(largest == 0, 1.0, largest / 127)).astype(np.int8)


# %% q6: the weights are scaled in place
# feedback: `per_channel` changed what it was given
def per_channel(weights, axis):
    others = tuple(d for d in range(weights.ndim) if d != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True)
    scales = np.where(largest == 0, 1.0, largest / 127)
    weights /= scales
    return np.rint(weights).astype(np.int8), scales.ravel()


# %% q6: two dimensions only
# feedback: your code raised
def per_channel(weights, axis):
    rows = weights if axis == 0 else weights.T
    q, scales = np.zeros(rows.shape, np.int8), np.ones(len(rows))
    for i in range(len(rows)):
        largest = max(abs(w) for w in rows[i])
        scales[i] = largest / 127 if largest > 0 else 1.0
        q[i] = np.rint(rows[i] / scales[i])
    return (q if axis == 0 else q.T), scales


# %% q6: the course's own functions
# feedback: this question is to be solved without qutils.affine.choose_quant_params
from qutils.affine import choose_quant_params, quantize


def per_channel(weights, axis):
    params = choose_quant_params(weights, symmetric=True, axis=axis)
    return quantize(weights, params), params.scale


# %% q7: noise over signal
# feedback: signal over noise, not noise over signal
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    return 10 * np.log10(noise / np.sum(x**2, axis=others))


# %% q7: 20 times the logarithm
# feedback: 20 belongs to amplitudes
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    decibels = 20 * np.log10(np.sum(x**2, axis=others) / noise)
    return np.where(noise == 0, np.inf, decibels)


# %% q7: roots of the sums
# feedback: do not take their roots
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sqrt(np.sum((x - approximation) ** 2, axis=others))
    decibels = 10 * np.log10(np.sqrt(np.sum(x**2, axis=others)) / noise)
    return np.where(noise == 0, np.inf, decibels)


# %% q7: the natural logarithm
# feedback: 10 times the logarithm to base 10
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    decibels = 10 * np.log(np.sum(x**2, axis=others) / noise)
    return np.where(noise == 0, np.inf, decibels)


# %% q7: variances
# feedback: no means subtracted
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.var(x - approximation, axis=others)
    decibels = 10 * np.log10(np.var(x, axis=others) / noise)
    return np.where(noise == 0, np.inf, decibels)


# %% q7: absolute errors
# feedback: sums of squares
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum(np.abs(x - approximation), axis=others)
    decibels = 10 * np.log10(np.sum(np.abs(x), axis=others) / noise)
    return np.where(noise == 0, np.inf, decibels)


# %% q7: the signal of the approximation
# feedback: sums of squares, no means subtracted
def channel_sqnr(x, approximation, axis):
    x, approximation = approximation, x
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    signal = np.sum(np.maximum(x, approximation) ** 2, axis=others)
    return np.where(noise == 0, np.inf, 10 * np.log10(signal / noise))


# %% q7: the figure of the whole tensor
# feedback: the figure of the whole tensor is no channel's own
def channel_sqnr(x, approximation, axis):
    decibels = 10 * np.log10(np.sum(x**2) / np.sum((x - approximation) ** 2))
    return np.full(x.shape[axis], decibels)


# %% q7: sums along the axis
# feedback: `channel_sqnr` returned an array that is too long along axis 0
def channel_sqnr(x, approximation, axis):
    noise = np.sum((x - approximation) ** 2, axis=axis)
    return np.where(noise == 0, np.inf, 10 * np.log10(np.sum(x**2, axis=axis) / noise))


# %% q7: the channels come first, or so it is believed
# feedback: the ratio is off where the channels do not come first
def channel_sqnr(x, approximation, axis):
    flat = x.reshape(x.shape[axis], -1)
    noise = ((flat - approximation.reshape(flat.shape)) ** 2).sum(axis=1)
    return np.where(noise == 0, np.inf, 10 * np.log10((flat**2).sum(axis=1) / noise))


# %% q7: no error is not foreseen
# feedback: not a number
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    return 10 * np.log10(np.sum(x**2, axis=others) / noise)


# %% q7: no error is 0 dB
# feedback: a channel without any error: infinity
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    decibels = 10 * np.log10(np.sum(x**2, axis=others) / noise)
    return np.where(noise == 0, 0.0, decibels)


# %% q7: zeros are infinite whatever became of them
# feedback: minus infinity
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    signal = np.sum(x**2, axis=others)
    noise = np.sum((x - approximation) ** 2, axis=others)
    decibels = 10 * np.log10(signal / noise)
    return np.where((noise == 0) | (signal == 0), np.inf, decibels)


# %% q7: a small number is added to the noise
# feedback: a channel without any error: infinity
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others) + 1e-12
    return 10 * np.log10(np.sum(x**2, axis=others) / noise)


# %% q7: one error free channel makes all infinite
# feedback: the others keep their figures
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    signal = np.sum(x**2, axis=others)
    noise = np.sum((x - approximation) ** 2, axis=others)
    if (noise == 0).any():
        return np.where((signal == 0) & (noise > 0), -np.inf, np.inf)
    return 10 * np.log10(signal / noise)


# %% q7: a list is returned
# feedback: `channel_sqnr` returned a list, an array is asked for
def channel_sqnr(x, approximation, axis):
    pairs = zip(np.moveaxis(x, axis, 0), np.moveaxis(approximation, axis, 0))
    return [float(10 * np.log10(np.sum(a**2) / np.sum((a - b) ** 2))) for a, b in pairs]


# %% q7: rounded to whole decibels
# feedback: `channel_sqnr` returned dtype int32, float is asked for
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    return np.rint(10 * np.log10(np.sum(x**2, axis=others) / noise)).astype(np.int32)


# %% q7: the error is computed in place
# feedback: `channel_sqnr` changed what it was given
def channel_sqnr(x, approximation, axis):
    others = tuple(d for d in range(x.ndim) if d != axis)
    signal = np.sum(x**2, axis=others)
    approximation -= x
    noise = np.sum(approximation**2, axis=others)
    return np.where(noise == 0, np.inf, 10 * np.log10(signal / noise))


# %% q7: ten thousand lines of output, and wrong
# feedback: signal over noise, not noise over signal
def channel_sqnr(x, approximation, axis):
    for line in range(10_000):
        print(line, x.shape)
    others = tuple(d for d in range(x.ndim) if d != axis)
    noise = np.sum((x - approximation) ** 2, axis=others)
    return 10 * np.log10(noise / np.sum(x**2, axis=others))


# %% q7: the course's own function
# feedback: this question is to be solved without qutils.metrics.sqnr_db
from qutils.metrics import sqnr_db


def channel_sqnr(x, approximation, axis):
    pairs = zip(np.moveaxis(x, axis, 0), np.moveaxis(approximation, axis, 0))
    return np.array([sqnr_db(a, b) for a, b in pairs])


# %% q7: the chapter's listing, pasted
# feedback: your code raised
def channel_sqnr(x, approximation, axis):
    r, a = _pair(x, approximation)
    return decibels(np.sum(r**2), np.sum((r - a) ** 2))


# %% q8: everything is believed
# feedback: `narrowed`: the claim is wrong
def broken_code():
    return dict.fromkeys(["narrowed", "clamped", "averaged", "even", "shifted"])


# %% q8: the numbers are in range
# feedback: `narrowed` is right for your numbers
def broken_code():
    return {
        "narrowed": (100.0, 1.0, 27),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: the range of `clamped` holds zero
# feedback: it fails where the range does not hold 0
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [-1.0, 0.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: the range of `clamped` misses zero by less than a step
# feedback: it fails where the range does not hold 0
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [0.01, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: one claim too many is believed
# feedback: `clamped`: the claim is wrong
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": None,
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: `averaged` notices this clipped value
# feedback: `averaged` returns False for your values
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0, 0.0], 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: values that are only rounded
# feedback: which values do not, whatever is rounded?
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([0.4, 1.3, 2.5, 77.0], 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: the mean is believed
# feedback: `averaged`: the claim is wrong
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": None,
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: the even neighbor lies away from zero
# feedback: is x / scale a tie, and what are its two neighbors?
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (1.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: x is a tie, but not x / scale
# feedback: is x / scale a tie, and what are its two neighbors?
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 0.1, 0),
        "shifted": None,
    }


# %% q8: NumPy's ties are believed to be the device's
# feedback: `even`: the claim is wrong
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": None,
        "shifted": None,
    }


# %% q8: a true claim is doubted
# feedback: `shifted`: the claim is true
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": 6,
    }


# %% q8: a true claim is broken with a number that it does not speak of
# feedback: `shifted`: the claim is true
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": -2,
    }


# %% q8: a zero point that is no int8
# feedback: the zero point of a counterexample is an int8
def broken_code():
    return {
        "narrowed": (1.0, 1.0, 153),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: a scale of zero
# feedback: the scale of a counterexample is a number above 0
def broken_code():
    return {
        "narrowed": (1.0, 0.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: an infinite value
# feedback: larger than the question allows
def broken_code():
    return {
        "narrowed": (float("inf"), 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: a number in place of three
# feedback: the counterexample to `narrowed` is a float, 3 values are asked for
def broken_code():
    return {
        "narrowed": 300.0,
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q8: yes and no in place of numbers
# feedback: the counterexample to `narrowed` is a bool, 3 values are asked for
def broken_code():
    return {
        "narrowed": True,
        "clamped": True,
        "averaged": True,
        "even": True,
        "shifted": False,
    }


# %% q8: true claims are left out
# feedback: None says that a claim is true
def broken_code():
    return {
        "narrowed": (300.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
    }


# %% q8: a list in place of a dict
# feedback: `broken_code` returns a dict
def broken_code():
    return [(300.0, 1.0, 0), [1.0, 6.0], ([200.0] + [0.0] * 300, 1.0, 0), (2.5, 1.0, 0), None]


# %% q8: the published functions are mended instead
# feedback: `narrowed` is right for your numbers
def narrowed(x, scale, zero_point):
    return min(max(round(x / scale) + zero_point, -128), 127) + 1


def broken_code():
    return {
        "narrowed": (1.0, 1.0, 0),
        "clamped": [1.0, 6.0],
        "averaged": ([200.0] + [0.0] * 300, 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q9: everything is believed
# feedback: `one_more_bit`: the sentence is wrong
def broken_sentences():
    names = "one_more_bit own_scales enough_decibels no_clamp fewer_bytes four_times"
    return dict.fromkeys(names.split())


# %% q9: more bits help these values
# feedback: `one_more_bit` holds for your values
def broken_sentences():
    return {
        "one_more_bit": ([0.1, 0.7, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: both grids meet these values
# feedback: `one_more_bit` holds for your values
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 5.0], 4),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: a bit that is not there
# feedback: b of `one_more_bit` is a whole number from 2 to 7
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 8),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: rows of very different size need their own scales
# feedback: `own_scales` holds for your rows
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[1.0, -1.0], [0.01, 0.003]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: own scales are believed in
# feedback: `own_scales`: the sentence is wrong
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": None,
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: a single row
# feedback: a counterexample to `own_scales` has at least two rows
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: rows that are no rows
# feedback: a counterexample is nested otherwise
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [127.0, 100.0, 3.0],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: an outlier that costs nothing
# feedback: your values reach 48 dB
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [0.0, 100.2, 255.0],
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: an outlier beside a single small value
# feedback: your values reach 48 dB
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0, 1.0],
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: six decibels for each bit are believed in
# feedback: `enough_decibels`: the sentence is wrong
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": None,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: a range without zero
# feedback: `no_clamp`: the sentence is true
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": [1.0, 6.0],
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: a layer that shrinks, if only a little
# feedback: your layer shrinks
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (144, 16),
        "four_times": None,
    }


# %% q9: a layer without channels
# feedback: w and c are whole numbers from 1 on
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (0, 0),
        "four_times": None,
    }


# %% q9: more channels than weights
# feedback: w and c are whole numbers from 1 on
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (8, 16),
        "four_times": None,
    }


# %% q9: any layer is believed to shrink
# feedback: `fewer_bytes`: the sentence is wrong
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": None,
        "four_times": None,
    }


# %% q9: the slide is believed
# feedback: `four_times`: the sentence is true
def broken_sentences():
    return {
        "one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": (45_000_000, 1000),
    }


# %% q9: not a number
# feedback: NaN
def broken_sentences():
    return {
        "one_more_bit": ([0.0, float("nan"), 3.0], 2),
        "own_scales": [[127.0, 0.0], [100.0, 3.0]],
        "enough_decibels": [1000.0] + [1.0] * 1000,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: a text
# feedback: the counterexample to `one_more_bit` is a text, 2 values are asked for
def broken_sentences():
    return {
        "one_more_bit": "0, 1, 2, 3",
        "own_scales": None,
        "enough_decibels": None,
        "no_clamp": None,
        "fewer_bytes": (1, 1),
        "four_times": None,
    }


# %% q9: nothing is returned
# feedback: `broken_sentences` returned None: is a `return` missing?
def broken_sentences():
    print({"one_more_bit": ([0.0, 1.0, 2.0, 3.0], 2), "fewer_bytes": (1, 1)})


# %% q9: a list in the order of the table
# feedback: `broken_sentences` returns a dict
def broken_sentences():
    return [([1.0, 3.0], 2), [[127.0] * 2, [2.0, 1.0]], [-1.0, 0.004, 1.0], None, (1, 1), None]
