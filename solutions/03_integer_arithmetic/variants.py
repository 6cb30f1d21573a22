"""Five complete sets of correct answers to assignment 3, as five people would write them."""

import math
from fractions import Fraction

import numpy as np


# %% q1: loops
def accumulator_range(weights, bias, zero_point):
    """Collect the ends product by product."""
    lowest, highest = [], []
    for row, start in zip(weights.tolist(), bias.tolist()):
        low = high = start
        for weight in row:
            ends = sorted((weight * (-128 - zero_point), weight * (127 - zero_point)))
            low += ends[0]
            high += ends[1]
        lowest.append(low)
        highest.append(high)
    return np.array(lowest, dtype=np.int64), np.array(highest, dtype=np.int64)


# %% q2: loops
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    """Multiply both brackets out, weight by weight."""
    constants = []
    for channel, start in zip(weights, bias.tolist()):
        for weight in channel.ravel().tolist():
            start += input_zero_point * (weight_zero_point - weight)
        constants.append(start)
    return np.array(constants, dtype=np.int32)


# %% q3: loops
def layer_factors(input_scale, weight_scales, output_scale):
    """Take one factor after the other apart."""
    multipliers, shifts = [], []
    for scale in weight_scales.tolist():
        mantissa, shift = math.frexp(input_scale * scale / output_scale)
        multiplier = int(mantissa * 2**31 + 0.5)
        if multiplier == 2**31:
            multiplier, shift = 2**30, shift + 1
        if shift < -31:
            multiplier = shift = 0
        multipliers.append(multiplier)
        shifts.append(shift)
    return np.array(multipliers, dtype=np.int32), np.array(shifts, dtype=np.int32)


# %% q4: loops
def requantize(accumulators, multipliers, shifts):
    """Round each number by the quotient and the remainder of integers."""
    result = np.zeros(accumulators.shape, dtype=np.int64)
    for (row, channel), a in np.ndenumerate(accumulators):
        m, n = int(multipliers[channel]), int(shifts[channel])
        value = (int(a) * 2 ** max(n, 0) * m + 2**30) // 2**31
        divisor = 2 ** max(-n, 0)
        quotient, rest = divmod(abs(value), divisor)
        quotient += 2 * rest >= divisor and divisor > 1
        result[row, channel] = quotient if value >= 0 else -quotient
    return result


# %% q5: loops
def fuse(values, scale, zero_point, low, high):
    """Keep each value within the limits."""
    smallest, largest = -128, 127
    if low is not None:
        steps = math.copysign(math.floor(abs(low) / scale + 0.5), low)
        smallest = max(smallest, zero_point + int(steps))
    if high is not None:
        steps = math.copysign(math.floor(abs(high) / scale + 0.5), high)
        largest = min(largest, zero_point + int(steps))
    q = [min(max(int(v) + zero_point, smallest), largest) for v in values.ravel()]
    return np.array(q, dtype=np.int8).reshape(values.shape)


# %% q6: loops
def dense(x, weights, bias, zero_points, factors, limits):
    """Compute one output after the other."""
    q = np.zeros((len(x), len(weights)), dtype=np.int8)
    for row, inputs in enumerate(x.tolist()):
        for channel, column in enumerate(weights.tolist()):
            total = int(bias[channel])
            for value, weight in zip(inputs, column):
                total += (value - zero_points[0]) * weight
            high = (total * int(factors[0][channel]) + 2**30) >> 31
            right = -int(factors[1][channel])
            if right > 0:
                sign = -1 if high < 0 else 1
                high = sign * ((abs(high) + 2 ** (right - 1)) >> right)
            q[row, channel] = min(max(high + zero_points[1], limits[0]), limits[1])
    return q


# %% q7: loops
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    """Go from place to place; skip what lies in the padding, as it adds nothing."""
    (top, bottom), (left, right) = padding
    channels, size_h, size_w, _ = weights.shape
    out_h = (x.shape[0] + top + bottom - size_h) // stride[0] + 1
    out_w = (x.shape[1] + left + right - size_w) // stride[1] + 1
    q = np.zeros((out_h, out_w, channels), dtype=np.int8)
    for h, w, c in np.ndindex(*q.shape):
        y, z = h * stride[0] - top, w * stride[1] - left
        seen = x[max(y, 0) : y + size_h, max(z, 0) : z + size_w].astype(np.int64)
        taps = weights[c, max(-y, 0) :, max(-z, 0) :][: seen.shape[0], : seen.shape[1]]
        total = int(((seen - zero_points[0]) * taps).sum(dtype=np.int64)) + int(bias[c])
        value, shift = (total * int(factors[0][c]) + 2**30) >> 31, -int(factors[1][c])
        sign = -1 if value < 0 else 1
        value = sign * ((abs(value) + (2**shift >> 1)) >> shift)
        q[h, w, c] = min(max(value + zero_points[1], limits[0]), limits[1])
    return q


# %% q1: positive and negative parts
def accumulator_range(weights, bias, zero_point):
    """Multiply positive weights by one end and negative ones by the other."""
    up = np.where(weights > 0, weights, 0).sum(axis=1, dtype=np.int64)
    down = np.where(weights < 0, weights, 0).sum(axis=1, dtype=np.int64)
    low, high = np.int64(-128 - zero_point), np.int64(127 - zero_point)
    return up * low + down * high + bias, up * high + down * low + bias


# %% q2: positive and negative parts
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    """Add the three terms."""
    count = weights[0].size
    total = weights.sum(axis=tuple(range(1, weights.ndim)), dtype=np.int64)
    return bias - input_zero_point * total + count * input_zero_point * weight_zero_point


# %% q3: positive and negative parts
def layer_factors(input_scale, weight_scales, output_scale):
    """Look for the power of two by the logarithm, and repair it where it is off."""
    real = input_scale * weight_scales / output_scale
    shifts = np.floor(np.log2(real)).astype(np.int64) + 1
    shifts += (real / 2.0**shifts >= 1).astype(np.int64)
    shifts -= (real / 2.0**shifts < 0.5).astype(np.int64)
    multipliers = np.trunc(real / 2.0 ** (shifts - 31) + 0.5).astype(np.int64)
    full = multipliers >= np.int64(2**31)
    multipliers[full] >>= 1
    shifts[full] += 1
    multipliers[shifts < -31] = 0
    shifts[shifts < -31] = 0
    return multipliers, shifts


# %% q4: positive and negative parts
def requantize(accumulators, multipliers, shifts):
    """Round magnitudes in the second step."""
    a, m, n = (v.astype(np.int64) for v in (accumulators, multipliers, shifts))
    value = (a * np.where(n > 0, np.int64(1) << np.maximum(n, 0), 1) * m + 2**30) // 2**31
    divisor = np.int64(1) << np.maximum(-n, 0)
    magnitude = (2 * np.abs(value) + divisor) // (2 * divisor)
    return np.where(value < 0, -magnitude, magnitude)


# %% q5: positive and negative parts
def fuse(values, scale, zero_point, low, high):
    """Cut at the real limits first, in steps of the scale, then at those of eight bits."""
    steps = values.astype(np.int64)
    if low is not None:
        steps = np.maximum(steps, int(np.trunc(low / scale + np.copysign(0.5, low))))
    if high is not None:
        steps = np.minimum(steps, int(np.trunc(high / scale + np.copysign(0.5, high))))
    return np.clip(steps + zero_point, -128, 127).astype(np.int8)


# %% q6: positive and negative parts
def dense(x, weights, bias, zero_points, factors, limits):
    """Take the zero point out of the sum."""
    w = weights.astype(np.int64)
    total = np.dot(x.astype(np.int64), w.T) + (bias - zero_points[0] * w.sum(1, dtype=np.int64))
    m, divisor = factors[0].astype(np.int64), np.int64(1) << -factors[1].astype(np.int64)
    value = (total * m + 2**30) // 2**31
    magnitude = (2 * np.abs(value) + divisor) // (2 * divisor)
    q = np.where(value < 0, -magnitude, magnitude) + zero_points[1]
    return np.minimum(np.maximum(q, limits[0]), limits[1]).astype(np.int8)


# %% q7: positive and negative parts
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    """Fill the padding with the zero point; sum over the taps of the kernel."""
    image = np.pad(x, (*padding, (0, 0)), constant_values=zero_points[0]).astype(np.int64)
    (_, size_h, size_w, _), w = weights.shape, weights.astype(np.int64)
    out_h = (image.shape[0] - size_h) // stride[0] + 1
    out_w = (image.shape[1] - size_w) // stride[1] + 1
    total = bias - zero_points[0] * w.sum(axis=(1, 2, 3), dtype=np.int64)
    for i, j in np.ndindex(size_h, size_w):
        tap = image[i :: stride[0], j :: stride[1]][:out_h, :out_w]
        total = total + tap @ w[:, i, j].T
    m, divisor = factors[0].astype(np.int64), np.int64(1) << -factors[1].astype(np.int64)
    value = (total * m + 2**30) // 2**31
    magnitude = (2 * np.abs(value) + divisor) // (2 * divisor)
    q = np.where(value < 0, -magnitude, magnitude) + zero_points[1]
    return q.clip(*limits).astype(np.int8)


# %% q1: float64
def accumulator_range(weights, bias, zero_point):
    """Work in float64, which is exact below 2**53."""
    reach = np.float64([-128 - zero_point, 127 - zero_point])
    ends = weights.astype(np.float64)[:, :, np.newaxis] * reach
    lowest, highest = ends.min(axis=2).sum(axis=1), ends.max(axis=2).sum(axis=1)
    return (lowest + bias).astype(np.int64), (highest + bias).astype(np.int64)


# %% q2: float64
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    """Let an input of zeros show what is left: its two sums are 0."""
    nothing = np.zeros(weights[0].size) - input_zero_point
    centered = weights.reshape(len(weights), -1).astype(np.float64) - weight_zero_point
    return (centered @ nothing + bias).astype(np.int64)


# %% q3: float64
def layer_factors(input_scale, weight_scales, output_scale):
    """Round first, and let frexp find the power of two of the rounded factor."""
    real = input_scale * weight_scales / output_scale
    mantissas, shifts = np.frexp(real)
    rounded = np.ldexp(np.floor(np.ldexp(mantissas, 31) + 0.5), shifts - 31)
    mantissas, shifts = np.frexp(rounded)
    kept = shifts >= -31
    return np.ldexp(mantissas, 31).astype(np.int64) * kept, shifts.astype(np.int64) * kept


# %% q4: float64
def requantize(accumulators, multipliers, shifts):
    """Split the multiplier into two halves, so that float64 holds each product."""
    a = np.ldexp(accumulators.astype(np.float64), np.maximum(shifts, 0))
    upper, lower = multipliers >> 16, multipliers & 0xFFFF
    coarse = a * upper
    whole = np.floor(coarse / 2**15)
    rest = (coarse - whole * 2**15) * 2**16 + a * lower
    value = whole + np.floor((rest + 2**30) / 2**31)
    value = np.ldexp(value, np.minimum(shifts, 0))
    return (np.sign(value) * np.floor(np.abs(value) + 0.5)).astype(np.int64)


# %% q5: float64
def fuse(values, scale, zero_point, low, high):
    """Clip floats, and cast at the end."""
    limits = []
    for real, none in ((low, -np.inf), (high, np.inf)):
        steps = none if real is None else real / scale
        limits.append(zero_point + np.sign(steps) * np.floor(abs(steps) + 0.5))
    q = np.clip(np.float64(values) + zero_point, *limits)
    return np.clip(q, -128, 127).astype(np.int8)


# %% q6: float64
def dense(x, weights, bias, zero_points, factors, limits):
    """Sum in float64, which holds the sum exactly; round in integers."""
    total = (x - np.float64(zero_points[0])) @ np.float64(weights).T + bias
    product = total.astype(np.int64) * factors[0].astype(np.int64)
    value = np.ldexp(((product + 2**30) >> 31).astype(np.float64), factors[1])
    value = np.sign(value) * np.floor(np.abs(value) + 0.5)
    return np.clip(value + zero_points[1], *limits).astype(np.int8)


# %% q7: float64
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    """Lay the windows out as rows of a matrix."""
    (top, bottom), (left, right) = padding
    height, width, depth = x.shape
    image = np.zeros((top + height + bottom, left + width + right, depth))
    image[top : top + height, left : left + width] = x - np.float64(zero_points[0])
    channels, size_h, size_w, _ = weights.shape
    rows = range(0, image.shape[0] - size_h + 1, stride[0])
    columns = range(0, image.shape[1] - size_w + 1, stride[1])
    patches = [image[h : h + size_h, w : w + size_w].ravel() for h in rows for w in columns]
    total = np.array(patches) @ np.float64(weights).reshape(channels, -1).T + bias
    product = total.astype(np.int64) * factors[0].astype(np.int64)
    value = np.ldexp(((product + 2**30) >> 31).astype(np.float64), factors[1])
    value = np.sign(value) * np.floor(np.abs(value) + 0.5)
    q = np.clip(value + zero_points[1], *limits).astype(np.int8)
    return q.reshape(len(rows), len(columns), channels)


# %% q1: one channel at a time
def accumulator_range(weights, bias, zero_point):
    """Choose the input that is worst for each weight, and compute the sum for it."""
    w = weights.astype(np.int64)
    best = np.where(w > 0, 127, -128).astype(np.int64)
    worst = -1 - best
    highest = np.einsum("ij,ij->i", best - zero_point, w) + bias
    return [np.einsum("ij,ij->i", worst - zero_point, w) + bias, highest]


# %% q2: one channel at a time
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    """Compare the full sum with the loop, for an input of ones."""
    w = weights.astype(np.int64).reshape(weights.shape[0], -1)
    full = ((1 - input_zero_point) * (w - weight_zero_point)).sum(axis=1, dtype=np.int64)
    loop = w.sum(axis=1, dtype=np.int64) - weight_zero_point * w.shape[1]
    return full + bias - loop


# %% q3: one channel at a time
def layer_factors(input_scale, weight_scales, output_scale):
    """Read the fields of the float64 and round their lowest bits away."""
    bits = np.asarray(input_scale * weight_scales / output_scale, np.float64).view(np.int64)
    fraction = (bits & (2**52 - 1)) | 2**52
    shifts = ((bits >> 52) & 2047) - 1022
    multipliers = (fraction + 2**21) >> 22
    carried = multipliers >> 31
    shifts += carried
    kept = (shifts >= -31).astype(np.int64)
    return (multipliers >> carried) * kept, shifts * kept


# %% q4: one channel at a time
def requantize(accumulators, multipliers, shifts):
    """Do one channel after the other, as each has one number of bits to shift."""
    columns = []
    for a, m, n in zip(accumulators.T.astype(np.int64), multipliers.tolist(), shifts.tolist()):
        value = (a * 2**n if n > 0 else a) * m
        value = (value >> 31) + ((value >> 30) & 1)
        for_ties = -n
        if for_ties > 0:
            rest = value & (2**for_ties - 1)
            middle = 2 ** (for_ties - 1) + (value < 0)
            value = (value >> for_ties) + (rest >= middle)
        columns.append(value)
    return np.stack(columns, axis=1)


# %% q5: one channel at a time
def fuse(values, scale, zero_point, low, high):
    """Look every value up in the order low, high."""

    def nearest(real):
        size = int(abs(real) / scale * 2 + 1) // 2
        return zero_point + (size if real > 0 else -size)

    low = -128 if low is None else max(-128, nearest(low))
    high = 127 if high is None else min(127, nearest(high))
    q = values.astype(np.int64) + zero_point
    q[q < low] = low
    q[q > high] = high
    return q.astype(np.int8)


# %% q6: one channel at a time
def dense(x, weights, bias, zero_points, factors, limits):
    """Put one helper for the output stage inside."""

    def stage(a, m, n):
        value = (a * m + 2**30) >> 31
        half = 2**-n // 2
        return (value + half - (value < 0) * (n < 0)) >> -n

    centered = np.subtract(x, zero_points[0], dtype=np.int64)
    totals = [centered @ w.astype(np.int64) + int(d) for w, d in zip(weights, bias)]
    values = map(stage, totals, factors[0].tolist(), factors[1].tolist())
    q = np.stack([value + zero_points[1] for value in values], axis=-1)
    return np.clip(q, *limits).astype(np.int8)


# %% q7: one channel at a time
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    """Compute one channel of the output after the other."""
    image = np.pad(np.subtract(x, zero_points[0], dtype=np.int64), (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    places_h = np.arange(0, image.shape[0] - size_h + 1, stride[0])
    places_w = np.arange(0, image.shape[1] - size_w + 1, stride[1])
    rows = places_h[:, None] + np.arange(size_h)
    columns = places_w[:, None] + np.arange(size_w)
    windows = image[rows[:, None, :, None], columns[None, :, None, :]]
    outputs = []
    for w, d, m, n in zip(
        weights.astype(np.int64), bias.tolist(), *map(np.ndarray.tolist, factors)
    ):
        total = (windows * w).sum(axis=(2, 3, 4), dtype=np.int64) + d
        value = (total * m + 2**30) >> 31
        value = (value + 2**-n // 2 - (value < 0) * (n < 0)) >> -n
        outputs.append(np.clip(value + zero_points[1], *limits))
    return np.stack(outputs, axis=-1).astype(np.int8)


# %% q1: fractions
def accumulator_range(weights, bias, zero_point):
    """Start from the middle of the inputs, which lies between two integers, and go both ways."""
    middle = Fraction(-1, 2) - zero_point
    ends = []
    for row, d in zip(weights.tolist(), bias.tolist()):
        center = d + middle * sum(row)
        reach = Fraction(255, 2) * sum(map(abs, row))
        ends.append((int(center - reach), int(center + reach)))
    lowest, highest = zip(*ends)
    return np.array(lowest, dtype=np.int64), np.array(highest, dtype=np.int64)


# %% q2: fractions
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    """Use the mean of the weights."""
    constants = []
    for channel, d in zip(weights, bias.tolist()):
        total = Fraction(int(channel.sum(dtype=np.int64)), channel.size) - weight_zero_point
        constants.append(int(d - channel.size * input_zero_point * total))
    return np.array(constants, dtype=np.int64)


# %% q3: fractions
def layer_factors(input_scale, weight_scales, output_scale):
    """Double or halve the factor until it lies between one half and one."""
    pairs = []
    for real in (input_scale * weight_scales / output_scale).tolist():
        value, shift = Fraction(real), 0
        while value >= 1:
            value, shift = value / 2, shift + 1
        while value < Fraction(1, 2):
            value, shift = value * 2, shift - 1
        m = math.floor(value * 2**31 + Fraction(1, 2))
        if m == 2**31:
            m, shift = m // 2, shift + 1
        pairs.append((m, shift) if shift >= -31 else (0, 0))
    multipliers, shifts = np.array(pairs, dtype=np.int64).T
    return multipliers, shifts


# %% q4: fractions
def requantize(accumulators, multipliers, shifts):
    """Round fractions, which are exact."""

    def one(a, m, n):
        value = math.floor(Fraction(int(a) * 2 ** max(n, 0) * m, 2**31) + Fraction(1, 2))
        value = Fraction(value, 2 ** max(-n, 0))
        size = math.floor(abs(value) + Fraction(1, 2))
        return size if value > 0 else -size

    factors = list(zip(multipliers.tolist(), shifts.tolist()))
    rows = [[one(a, *factor) for a, factor in zip(row, factors)] for row in accumulators]
    return np.array(rows, dtype=np.int64)


# %% q5: fractions
def fuse(values, scale, zero_point, low, high):
    """Count the limits in exact steps."""
    limits = [-128, 127]
    for side, real in enumerate((low, high)):
        if real is not None:
            steps = Fraction(real) / Fraction(scale)
            size = math.floor(abs(steps) + Fraction(1, 2))
            limit = zero_point + (size if steps > 0 else -size)
            limits[side] = max(-128, limit) if side == 0 else min(127, limit)
    moved = np.minimum(np.maximum(values + zero_point, limits[0]), limits[1])
    return moved.astype(np.int8)


# %% q6: fractions
def dense(x, weights, bias, zero_points, factors, limits):
    """Round twice with fractions, one output after the other."""
    total = (x.astype(np.int32) - zero_points[0]) @ weights.astype(np.int32).T + bias
    q = np.empty(total.shape, dtype=np.int8)
    for (row, channel), a in np.ndenumerate(total):
        m, n = int(factors[0][channel]), int(factors[1][channel])
        value = math.floor(Fraction(int(a) * m, 2**31) + Fraction(1, 2))
        size = math.floor(Fraction(abs(value), 2**-n) + Fraction(1, 2))
        result = (size if value > 0 else -size) + zero_points[1]
        q[row, channel] = sorted((limits[0], result, limits[1]))[1]
    return q


# %% q7: fractions
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    """Round twice with fractions, one output after the other."""
    image = np.pad(x.astype(np.int32) - zero_points[0], (*padding, (0, 0)))
    channels, size_h, size_w, _ = weights.shape
    rows = [image[h : h + size_h] for h in range(0, len(image) - size_h + 1, stride[0])]
    starts = range(0, image.shape[1] - size_w + 1, stride[1])
    q = np.empty((len(rows), len(starts), channels), dtype=np.int8)
    for h, w, c in np.ndindex(*q.shape):
        window = rows[h][:, starts[w] : starts[w] + size_w]
        total = int(np.sum(window * weights[c], dtype=np.int64)) + int(bias[c])
        value = math.floor(Fraction(total * int(factors[0][c]), 2**31) + Fraction(1, 2))
        size = math.floor(Fraction(abs(value), 2 ** -int(factors[1][c])) + Fraction(1, 2))
        result = (size if value > 0 else -size) + zero_points[1]
        q[h, w, c] = sorted((limits[0], result, limits[1]))[1]
    return q
