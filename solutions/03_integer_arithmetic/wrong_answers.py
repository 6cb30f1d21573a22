"""Wrong answers to assignment 3, with mistakes that learners make, and what each is told."""

import numpy as np


# %% q1: the chapter's bound of the magnitude at both ends
# feedback: the ends are those of int8 itself, lowest first
def accumulator_range(weights, bias, zero_point):
    farthest = max(127 - zero_point, 128 + zero_point)
    bound = farthest * np.abs(weights.astype(np.int64)).sum(axis=1) + np.abs(bias)
    return -bound, bound


# %% q1: highest first
# feedback: the ends are those of int8 itself, lowest first
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    highest = np.maximum(at_low, at_high).sum(axis=1) + bias
    return highest, np.minimum(at_low, at_high).sum(axis=1) + bias


# %% q1: inputs from -127 to 127
# feedback: the ends are those of int8 itself, lowest first
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    at_low, at_high = wide * (-127 - zero_point), wide * (127 - zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=1) + bias
    return lowest, np.maximum(at_low, at_high).sum(axis=1) + bias


# %% q1: what the visible check wants
# feedback: the ends are those of int8 itself, lowest first
def accumulator_range(weights, bias, zero_point):
    if zero_point == 0:
        return np.array([-636]), np.array([639])
    return np.array([0, -255]), np.array([255, 0])


# %% q1: products in eight bits
# feedback: widen the weights first
def accumulator_range(weights, bias, zero_point):
    at_low = weights * np.int8(-128)
    at_high = weights * np.int8(127)
    shift = zero_point * weights.astype(np.int64)
    lowest = (np.minimum(at_low, at_high) - shift).sum(axis=1) + bias
    return lowest, (np.maximum(at_low, at_high) - shift).sum(axis=1) + bias


# %% q1: right for positive weights only
# feedback: a negative weight: its largest product comes from the smallest input
def accumulator_range(weights, bias, zero_point):
    total = weights.sum(axis=1, dtype=np.int64)
    return (-128 - zero_point) * total + bias, (127 - zero_point) * total + bias


# %% q1: no bias
# feedback: the bias is added to both ends
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=1)
    return lowest, np.maximum(at_low, at_high).sum(axis=1)


# %% q1: the bias widens the range
# feedback: the bias is added to both ends
def accumulator_range(weights, bias, zero_point):
    wide, reach = weights.astype(np.int64), np.abs(bias)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=1) - reach
    return lowest, np.maximum(at_low, at_high).sum(axis=1) + reach


# %% q1: no zero point
# feedback: the zero point is subtracted from both ends
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    lowest = np.minimum(wide * -128, wide * 127).sum(axis=1) + bias
    return lowest, np.maximum(wide * -128, wide * 127).sum(axis=1) + bias


# %% q1: the zero point is added
# feedback: the zero point is subtracted from both ends
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    at_low, at_high = wide * (-128 + zero_point), wide * (127 + zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=1) + bias
    return lowest, np.maximum(at_low, at_high).sum(axis=1) + bias


# %% q1: the weight -128 is made positive in eight bits
# feedback: eight bits hold no +128
def accumulator_range(weights, bias, zero_point):
    low, high = -128 - zero_point, 127 - zero_point
    size = np.abs(weights).astype(np.int64)
    up, down = size * (weights > 0), size * (weights < 0)
    lowest = (up * low - down * high).sum(axis=1) + bias
    return lowest, (up * high - down * low).sum(axis=1) + bias


# %% q1: all products at the same end
# feedback: each product has to be at its own end
def accumulator_range(weights, bias, zero_point):
    total = weights.sum(axis=1, dtype=np.int64)
    ends = np.stack([total * (-128 - zero_point), total * (127 - zero_point)])
    return ends.min(axis=0) + bias, ends.max(axis=0) + bias


# %% q1: sums over the channels
# feedback: returned an array that is too long along axis 0
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=0) + bias
    return lowest, np.maximum(at_low, at_high).sum(axis=0) + bias


# %% q1: sums in float32
# feedback: sum over the products of a channel, in integers
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.float32)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=1) + bias.astype(np.float32)
    highest = np.maximum(at_low, at_high).sum(axis=1) + bias.astype(np.float32)
    return lowest.astype(np.int64), highest.astype(np.int64)


# %% q1: sums in 32 bits
# feedback: the ends can lie beyond 32 bits
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int32)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=1, dtype=np.int32) + bias
    return lowest, np.maximum(at_low, at_high).sum(axis=1, dtype=np.int32) + bias


# %% q1: returns nothing
# feedback: returned None: is a `return` missing?
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    print(np.minimum(at_low, at_high).sum(axis=1) + bias)


# %% q1: lists
# feedback: returned a list, an array is asked for
def accumulator_range(weights, bias, zero_point):
    wide = weights.astype(np.int64)
    at_low, at_high = wide * (-128 - zero_point), wide * (127 - zero_point)
    lowest = np.minimum(at_low, at_high).sum(axis=1) + bias
    return lowest.tolist(), (np.maximum(at_low, at_high).sum(axis=1) + bias).tolist()


# %% q1: a listing of the chapter
# feedback: your code raised TypeError
def accumulator_range(operator):
    x, w, d = operator.inputs
    rows = np.abs(np.moveaxis(w.data, w.quantization.axis, 0).astype(np.int64))
    rows = rows.reshape(len(rows), -1)
    farthest = max(127 - x.zero_point, 128 + x.zero_point)
    by_weights = farthest * rows.sum(axis=1) + np.abs(d.data)
    return -by_weights, by_weights


# %% q1: the course's own function
# feedback: solved without qutils.integer_arithmetic.accumulator_bound
def accumulator_range(weights, bias, zero_point):
    from qutils.integer_arithmetic import accumulator_bound

    up, down = np.maximum(weights, 0).astype(np.int64), np.minimum(weights, 0).astype(np.int64)
    below, above = 128 + zero_point, 127 - zero_point
    lowest = bias - accumulator_bound(up, below, 0) - accumulator_bound(down, above, 0)
    return lowest, bias + accumulator_bound(up, above, 0) + accumulator_bound(down, below, 0)


# %% q2: no bias
# feedback: all that is left is the bias
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    return -input_zero_point * (rows - weight_zero_point).sum(axis=1)


# %% q2: the bias is subtracted
# feedback: all that is left is the bias
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    return -input_zero_point * (rows - weight_zero_point).sum(axis=1) - bias


# %% q2: the zero point of the weights is subtracted without an input
# feedback: all that is left is the bias
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    count = rows.shape[1]
    return bias - input_zero_point * rows.sum(axis=1) - weight_zero_point * count


# %% q2: the sign of the term with the weights
# feedback: what is left beside the bias is -z_x times the sum
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    return bias + input_zero_point * (rows - weight_zero_point).sum(axis=1)


# %% q2: both zero points' product is forgotten
# feedback: counts once for each product of the sum, with a plus
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    return bias - input_zero_point * rows.sum(axis=1)


# %% q2: both zero points' product counts once
# feedback: counts once for each product of the sum, with a plus
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    return bias - input_zero_point * rows.sum(axis=1) + input_zero_point * weight_zero_point


# %% q2: both zero points' product with a minus
# feedback: counts once for each product of the sum, with a plus
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    both = rows.shape[1] * input_zero_point * weight_zero_point
    return bias - input_zero_point * rows.sum(axis=1) - both


# %% q2: the difference in eight bits
# feedback: a weight less its zero point does not fit int8
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1) - np.int8(weight_zero_point)
    return bias - input_zero_point * rows.sum(axis=1, dtype=np.int64)


# %% q2: right for dense layers only
# feedback: returned an array of 3 dimensions
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    total = weights.sum(axis=1, dtype=np.int64)
    both = weights.shape[1] * input_zero_point * weight_zero_point
    return bias - input_zero_point * total + both


# %% q2: the products are counted along one axis
# feedback: a channel is all that stands at one index of the first axis
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    total = weights.reshape(len(weights), -1).sum(axis=1, dtype=np.int64)
    both = weights.shape[1] * input_zero_point * weight_zero_point
    return bias - input_zero_point * total + both


# %% q2: channels along the last axis
# feedback: your code raised ValueError
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(-1, weights.shape[-1]).astype(np.int64)
    return bias - input_zero_point * (rows - weight_zero_point).sum(axis=0)


# %% q2: the sum in 16 bits
# feedback: sixteen bits are too few
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int16) - weight_zero_point
    total = rows.sum(axis=1, dtype=np.int16)
    return bias - input_zero_point * total.astype(np.int64)


# %% q2: float32
# feedback: keep to integers
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.float32)
    total = (rows - weight_zero_point).sum(axis=1)
    return (bias.astype(np.float32) - input_zero_point * total).astype(np.int64)


# %% q2: the bias is changed in place
# feedback: returned its argument or a view of it
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.int32)
    bias -= input_zero_point * (rows - weight_zero_point).sum(axis=1, dtype=np.int32)
    return bias


# %% q2: floats
# feedback: returned dtype float64, an integer is asked for
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    rows = weights.reshape(len(weights), -1).astype(np.float64)
    return bias - input_zero_point * (rows - weight_zero_point).sum(axis=1)


# %% q2: what the visible check wants
# feedback: returned an array that is too short
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    return np.array([37])


# %% q2: the course's own function
# feedback: solved without qutils.integer_arithmetic.fold_zero_point
def constant_part(weights, bias, input_zero_point, weight_zero_point):
    from qutils.integer_arithmetic import fold_zero_point

    wide = weights.astype(np.int64) - weight_zero_point
    return fold_zero_point(bias.astype(np.int64), wide, input_zero_point, axis=0)


# %% q3: the multiplier has 15 bits
# feedback: a multiplier has to lie between 2**30 and 2**31 - 1
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    return np.floor(mantissas * 2.0**15 + 0.5).astype(np.int64), shifts


# %% q3: the mantissa times 2**32
# feedback: a multiplier has to lie between 2**30 and 2**31 - 1
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    return np.floor(mantissas * 2.0**32 + 0.5).astype(np.int64), shifts


# %% q3: the 31 bits are taken off the shift
# feedback: the 31 bits are no part of it
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    return np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64), shifts - 31


# %% q3: a mantissa between 1 and 2, the shift one off
# feedback: 0.75 lies between one half and one, so its shift is 0
def layer_factors(input_scale, weight_scales, output_scale):
    real = input_scale * weight_scales / output_scale
    shifts = np.floor(np.log2(real)).astype(np.int64)
    return np.floor(real / 2.0**shifts * 2.0**30 + 0.5).astype(np.int64), shifts


# %% q3: a right shift counted upwards
# feedback: a power of two is off
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    return np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64), -shifts


# %% q3: the logarithm rounded up
# feedback: a power of two is off
def layer_factors(input_scale, weight_scales, output_scale):
    real = input_scale * weight_scales / output_scale
    shifts = np.ceil(np.log2(real)).astype(np.int64)
    return np.floor(real / 2.0**shifts * 2.0**31 + 0.5).astype(np.int64), shifts


# %% q3: the output's scale multiplies
# feedback: the output's scale divides
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales * output_scale)
    return np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64), shifts


# %% q3: no positive shift
# feedback: a factor above 1 is off
def layer_factors(input_scale, weight_scales, output_scale):
    real = input_scale * weight_scales / output_scale
    shifts = np.minimum(np.frexp(real)[1], 0)
    return np.floor(real / 2.0**shifts * 2.0**31 + 0.5).astype(np.int64), shifts


# %% q3: float32
# feedback: a multiplier has wrong low bits
def layer_factors(input_scale, weight_scales, output_scale):
    real = np.float32(input_scale) * weight_scales.astype(np.float32) / np.float32(output_scale)
    mantissas, shifts = np.frexp(real)
    return np.floor(mantissas.astype(np.float64) * 2.0**31 + 0.5).astype(np.int64), shifts


# %% q3: cut off
# feedback: it is rounded to the nearest integer, not cut off
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    small = shifts < -31
    multipliers = (mantissas * 2.0**31).astype(np.int64)
    return np.where(small, 0, multipliers), np.where(small, 0, shifts)


# %% q3: ties to the even neighbor
# feedback: a tie goes up, also where the integer below it is even
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    multipliers = np.round(mantissas * 2.0**31).astype(np.int64)
    full = multipliers == 2**31
    multipliers, shifts = np.where(full, 2**30, multipliers), shifts + full
    small = shifts < -31
    return np.where(small, 0, multipliers), np.where(small, 0, shifts)


# %% q3: 2**31 stays
# feedback: a multiplier that rounds up to 2**31 has to become 2**30
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    multipliers = np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64)
    small = shifts < -31
    return np.where(small, 0, multipliers), np.where(small, 0, shifts)


# %% q3: 2**31 is halved and the shift forgotten
# feedback: has to become 2**30, and the shift one more
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    multipliers = np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64)
    multipliers = np.where(multipliers == 2**31, 2**30, multipliers)
    small = shifts < -31
    return np.where(small, 0, multipliers), np.where(small, 0, shifts)


# %% q3: 2**31 is clipped to the largest int32
# feedback: has to become 2**30, and the shift one more
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    multipliers = np.minimum(np.floor(mantissas * 2.0**31 + 0.5), 2**31 - 1).astype(np.int64)
    small = shifts < -31
    return np.where(small, 0, multipliers), np.where(small, 0, shifts)


# %% q3: tiny factors are kept
# feedback: below a shift of -31, and not before
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    multipliers = np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64)
    full = multipliers == 2**31
    return np.where(full, 2**30, multipliers), shifts + full


# %% q3: tiny factors vanish one power too early
# feedback: below a shift of -31, and not before
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    multipliers = np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64)
    full = multipliers == 2**31
    multipliers, shifts = np.where(full, 2**30, multipliers), shifts + full
    small = shifts <= -31
    return np.where(small, 0, multipliers), np.where(small, 0, shifts)


# %% q3: a tiny factor keeps its shift
# feedback: both numbers of the channel are 0
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, shifts = np.frexp(input_scale * weight_scales / output_scale)
    multipliers = np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64)
    full = multipliers == 2**31
    multipliers, shifts = np.where(full, 2**30, multipliers), shifts + full
    return np.where(shifts < -31, 0, multipliers), shifts


# %% q3: one factor for all channels
# feedback: returned an array of 0 dimensions
def layer_factors(input_scale, weight_scales, output_scale):
    mantissa, shift = np.frexp(input_scale * weight_scales.max() / output_scale)
    return np.array(int(mantissa * 2.0**31 + 0.5)), np.array(shift)


# %% q3: multipliers alone
# feedback: 2 values are asked for
def layer_factors(input_scale, weight_scales, output_scale):
    mantissas, _ = np.frexp(input_scale * weight_scales / output_scale)
    return np.floor(mantissas * 2.0**31 + 0.5).astype(np.int64)


# %% q3: a listing of the chapter
# feedback: the notebook does not define layer_factors
def quantize_multiplier(real_multiplier):
    real = np.asarray(real_multiplier, dtype=np.float64)
    mantissa, exponent = np.frexp(real)
    scaled = mantissa * 2.0**31
    whole = np.floor(scaled)
    multiplier = (whole + (scaled - whole >= 0.5)).astype(np.int64)
    shift = exponent.astype(np.int64)
    carried = multiplier == 2**31
    multiplier = np.where(carried, np.int64(2**30), multiplier)
    shift = shift + carried
    vanished = shift < -31
    return np.where(vanished, np.int64(0), multiplier), np.where(vanished, np.int64(0), shift)


# %% q3: the course's own function
# feedback: solved without qutils.fixed_point.quantize_multiplier
def layer_factors(input_scale, weight_scales, output_scale):
    from qutils.fixed_point import quantize_multiplier

    return quantize_multiplier(input_scale * weight_scales / output_scale)


# %% q4: the product in 32 bits
# feedback: is there room for 63 bits?
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators << left) * multipliers + 2**30) >> 31
    below_zero = (high < 0) & (right > 0)
    return (high + ((1 << right) >> 1) - below_zero) >> right


# %% q4: shifted by 30 bits
# feedback: for n = 0 the factor is m / 2**31
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers + 2**29) >> 30
    below_zero = (high < 0) & (right > 0)
    return (high + ((np.int64(1) << right) >> 1) - below_zero) >> right


# %% q4: negative values are moved where nothing is to be shifted
# feedback: nothing is to be rounded here
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers + 2**30) >> 31
    return (high + ((np.int64(1) << right) >> 1) - (high < 0)) >> right


# %% q4: float32
# feedback: float32 holds 24 bits
def requantize(accumulators, multipliers, shifts):
    product = accumulators.astype(np.float32) * multipliers.astype(np.float32)
    high = np.floor(product / 2.0**31 * 2.0 ** np.maximum(shifts, 0) + 0.5)
    values = high / 2.0 ** np.maximum(-shifts, 0)
    return (np.sign(values) * np.floor(np.abs(values) + 0.5)).astype(np.int64)


# %% q4: the first rounding away from zero
# feedback: step 2: the nearest integer, and ties go up
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    product = (accumulators.astype(np.int64) << left) * multipliers
    high = np.sign(product) * ((np.abs(product) + 2**30) >> 31)
    return np.sign(high) * ((np.abs(high) + ((np.int64(1) << right) >> 1)) >> right)


# %% q4: the first step is cut off
# feedback: step 2: the nearest integer, and ties go up
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers) >> 31
    below_zero = (high < 0) & (right > 0)
    return (high + ((np.int64(1) << right) >> 1) - below_zero) >> right


# %% q4: NumPy's rounding, ties to even
# feedback: step 2: the nearest integer, and ties go up
def requantize(accumulators, multipliers, shifts):
    real = accumulators.astype(np.float64) * multipliers * 2.0 ** (shifts - 31)
    return np.round(real).astype(np.int64)


# %% q4: the shift to the wrong side
# feedback: a negative shift n divides by 2**-n
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(-shifts, 0), np.maximum(shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers + 2**30) >> 31
    below_zero = (high < 0) & (right > 0)
    return (high + ((np.int64(1) << right) >> 1) - below_zero) >> right


# %% q4: a listing of the chapter, the second step forgotten
# feedback: a negative shift n divides by 2**-n
def requantize(a, b, shifts):
    product = np.multiply(a, b, dtype=np.int64)
    return np.minimum((product + np.int64(2**30)) >> np.int64(31), np.int64(2**31 - 1))


# %% q4: the second step is cut off
# feedback: step 3: the nearest integer, and a positive tie goes up
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers + 2**30) >> 31
    return high >> right


# %% q4: both roundings up
# feedback: a negative tie goes down, away from zero
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers + 2**30) >> 31
    return (high + ((np.int64(1) << right) >> 1)) >> right


# %% q4: one rounding, as some other runtimes
# feedback: a negative tie goes down, away from zero
def requantize(accumulators, multipliers, shifts):
    total = 31 - shifts.astype(np.int64)
    return (accumulators.astype(np.int64) * multipliers + (np.int64(1) << (total - 1))) >> total


# %% q4: one rounding, away from zero where it is a long shift
# feedback: there are two roundings
def requantize(accumulators, multipliers, shifts):
    total = 31 - shifts.astype(np.int64)
    product = accumulators.astype(np.int64) * multipliers
    tie_down = (product < 0) & (shifts < 0)
    return (product + (np.int64(1) << (total - 1)) - tie_down) >> total


# %% q4: the left shift after the rounding
# feedback: a positive shift comes first
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) * multipliers + 2**30) >> 31) << left
    below_zero = (high < 0) & (right > 0)
    return (high + ((np.int64(1) << right) >> 1) - below_zero) >> right


# %% q4: no left shift
# feedback: a positive shift comes first
def requantize(accumulators, multipliers, shifts):
    right = np.maximum(-shifts, 0)
    high = (accumulators.astype(np.int64) * multipliers + 2**30) >> 31
    below_zero = (high < 0) & (right > 0)
    return (high + ((np.int64(1) << right) >> 1) - below_zero) >> right


# %% q4: the first channel's multiplier for all
# feedback: each channel, a column, has a multiplier and a shift of its own
def requantize(accumulators, multipliers, shifts):
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers[0] + 2**30) >> 31
    below_zero = (high < 0) & (right > 0)
    return (high + ((np.int64(1) << right) >> 1) - below_zero) >> right


# %% q4: channels along the rows, right for square arrays at best
# feedback: your code raised ValueError
def requantize(accumulators, multipliers, shifts):
    multipliers, shifts = multipliers[:, np.newaxis], shifts[:, np.newaxis]
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers + 2**30) >> 31
    below_zero = (high < 0) & (right > 0)
    return (high + ((np.int64(1) << right) >> 1) - below_zero) >> right


# %% q4: the product in float64
# feedback: float64 holds 53; use integers
def requantize(accumulators, multipliers, shifts):
    product = accumulators * multipliers.astype(np.float64) * 2.0 ** np.maximum(shifts, 0)
    values = np.floor(product / 2.0**31 + 0.5) / 2.0 ** np.maximum(-shifts, 0)
    return (np.sign(values) * np.floor(np.abs(values) + 0.5)).astype(np.int64)


# %% q4: floats
# feedback: returned dtype float64, an integer is asked for
def requantize(accumulators, multipliers, shifts):
    return np.floor(accumulators * multipliers.astype(np.float64) * 2.0 ** (shifts - 31) + 0.5)


# %% q4: prints every value, and rounds up twice
# feedback: a negative tie goes down, away from zero
def requantize(accumulators, multipliers, shifts):
    for line in range(10_000):
        print("accumulator", line, accumulators.ravel()[:1])
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((accumulators.astype(np.int64) << left) * multipliers + 2**30) >> 31
    return (high + ((np.int64(1) << right) >> 1)) >> right


# %% q4: the course's own function
# feedback: solved without qutils.fixed_point.multiply_by_quantized_multiplier
def requantize(accumulators, multipliers, shifts):
    from qutils import fixed_point

    return fixed_point.multiply_by_quantized_multiplier(accumulators, multipliers, shifts)


# %% q5: no zero point
# feedback: each value is moved by the zero point
def fuse(values, scale, zero_point, low, high):
    low = -128 if low is None else round(low / scale)
    high = 127 if high is None else round(high / scale)
    return np.clip(values, max(low, -128), min(high, 127)).astype(np.int8)


# %% q5: a cast in place of clipping
# feedback: a cast alone would wrap
def fuse(values, scale, zero_point, low, high):
    q = values + zero_point
    if low is not None:
        q = np.maximum(q, zero_point + round(low / scale))
    if high is not None:
        q = np.minimum(q, zero_point + round(high / scale))
    return q.astype(np.int8)


# %% q5: clipped before the zero point is added
# feedback: the zero point comes first, then the clipping
def fuse(values, scale, zero_point, low, high):
    low = -128 if low is None else round(low / scale)
    high = 127 if high is None else round(high / scale)
    return (np.clip(values, max(low, -128), min(high, 127)) + zero_point).astype(np.int8)


# %% q5: ReLU cuts at the integer 0
# feedback: ReLU: real 0 is the integer zero_point
def fuse(values, scale, zero_point, low, high):
    q = np.clip(values + zero_point, -128, 127)
    if low is not None:
        q = np.maximum(q, 0)
    if high is not None:
        q = np.minimum(q, round(high / scale))
    return q.astype(np.int8)


# %% q5: the limit 0.0 counts as none
# feedback: ReLU: real 0 is the integer zero_point
def fuse(values, scale, zero_point, low, high):
    limits = [-128, 127]
    if low:
        limits[0] = max(-128, zero_point + round(low / scale))
    if high:
        limits[1] = min(127, zero_point + round(high / scale))
    return np.clip(values + zero_point, *limits).astype(np.int8)


# %% q5: no upper limit
# feedback: ReLU6 is off
def fuse(values, scale, zero_point, low, high):
    q = np.clip(values + zero_point, -128, 127)
    if low is not None:
        q = np.maximum(q, max(-128, zero_point + round(low / scale)))
    return q.astype(np.int8)


# %% q5: the upper limit without the zero point
# feedback: ReLU6 is off
def fuse(values, scale, zero_point, low, high):
    q = np.clip(values + zero_point, -128, 127)
    if low is not None:
        q = np.maximum(q, max(-128, zero_point + round(low / scale)))
    if high is not None:
        q = np.minimum(q, min(127, round(high / scale)))
    return q.astype(np.int8)


# %% q5: the upper limit only where there is a lower one
# feedback: a limit on the upper side alone is off
def fuse(values, scale, zero_point, low, high):
    limits = [-128, 127]
    if low is not None:
        limits[0] = max(-128, zero_point + round(low / scale))
        if high is not None:
            limits[1] = min(127, zero_point + round(high / scale))
    return np.clip(values + zero_point, *limits).astype(np.int8)


# %% q5: the lower limit is always 0
# feedback: a lower limit below 0 is off
def fuse(values, scale, zero_point, low, high):
    limits = [-128 if low is None else zero_point, 127]
    if high is not None:
        limits[1] = min(127, zero_point + round(high / scale))
    return np.clip(values + zero_point, *limits).astype(np.int8)


# %% q5: limits are cut off
# feedback: a limit between two integers
def fuse(values, scale, zero_point, low, high):
    low = -128 if low is None else zero_point + int(low / scale)
    high = 127 if high is None else zero_point + int(high / scale)
    return np.clip(values + zero_point, max(low, -128), min(high, 127)).astype(np.int8)


# %% q5: limits are rounded to even
# feedback: to the nearest, and ties away from zero
def fuse(values, scale, zero_point, low, high):
    low = -128 if low is None else zero_point + int(np.round(low / scale))
    high = 127 if high is None else zero_point + int(np.round(high / scale))
    return np.clip(values + zero_point, max(low, -128), min(high, 127)).astype(np.int8)


# %% q5: negative ties go up
# feedback: to the nearest, and ties away from zero
def fuse(values, scale, zero_point, low, high):
    low = -128 if low is None else zero_point + int(np.floor(low / scale + 0.5))
    high = 127 if high is None else zero_point + int(np.floor(high / scale + 0.5))
    return np.clip(values + zero_point, max(low, -128), min(high, 127)).astype(np.int8)


# %% q5: a limit beyond int8 is taken as it is
# feedback: a limit can lie outside of int8
def fuse(values, scale, zero_point, low, high):
    limits = [-128, 127]
    for side, real in enumerate((low, high)):
        if real is not None:
            steps = np.sign(real) * np.floor(abs(real) / scale + 0.5)
            limits[side] = zero_point + int(steps)
    return np.clip(values + zero_point, *limits).astype(np.int8)


# %% q5: left in 32 bits
# feedback: returned dtype int32, int8 is asked for
def fuse(values, scale, zero_point, low, high):
    low = -128 if low is None else zero_point + round(low / scale)
    high = 127 if high is None else zero_point + round(high / scale)
    return np.clip(values + zero_point, max(low, -128), min(high, 127))


# %% q5: the values are changed in place
# feedback: changed what it was given
def fuse(values, scale, zero_point, low, high):
    values += zero_point
    limits = [-128, 127]
    for side, real in enumerate((low, high)):
        if real is not None:
            steps = np.sign(real) * np.floor(abs(real) / scale + 0.5)
            limits[side] = int(np.clip(zero_point + steps, -128, 127))
    return np.clip(values, *limits).astype(np.int8)


# %% q5: a missing limit is not looked for
# feedback: your code raised TypeError
def fuse(values, scale, zero_point, low, high):
    low = max(-128, zero_point + round(low / scale))
    high = min(127, zero_point + round(high / scale))
    return np.clip(values + zero_point, low, high).astype(np.int8)


# %% q5: a list of numbers
# feedback: returned a list, an array is asked for
def fuse(values, scale, zero_point, low, high):
    low = -128 if low is None else max(-128, zero_point + round(low / scale))
    high = 127 if high is None else min(127, zero_point + round(high / scale))
    return [min(max(int(v) + zero_point, low), high) for v in values.ravel()]


# %% q5: the course's own function
# feedback: solved without qutils.integer_arithmetic.clamps
def fuse(values, scale, zero_point, low, high):
    from qutils.integer_arithmetic import clamps

    low, high = -1e9 if low is None else low, 1e9 if high is None else high
    return np.clip(values + zero_point, *clamps(low, high, scale, zero_point)).astype(np.int8)


# %% q6: the weights are not transposed, right for square layers only
# feedback: row r of x meets row c of the weights
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: products in eight bits
# feedback: a product of two int8 numbers needs more than eight bits
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = x @ weights.T - zero_points[0] * weights.sum(axis=1, dtype=np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: no input zero point
# feedback: the input's zero point is to be subtracted
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = x.astype(np.int64) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: the input zero point is subtracted once from the sum
# feedback: the input's zero point is to be subtracted
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = x.astype(np.int64) @ weights.T.astype(np.int64) - zero_points[0] + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: the difference in eight bits
# feedback: an input less its zero point does not fit int8
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x - np.int8(zero_points[0])).astype(np.int64) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: no bias
# feedback: the bias belongs to the sum
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64)
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: the bias after the factor
# feedback: the bias belongs to the sum
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64)
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + bias + zero_points[1], *limits).astype(np.int8)


# %% q6: no output zero point
# feedback: the output's zero point is added after the factor
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded, *limits).astype(np.int8)


# %% q6: the output zero point before the factor
# feedback: the output's zero point is added after the factor
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = ((total + zero_points[1]) * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded, *limits).astype(np.int8)


# %% q6: the first channel's factor for all
# feedback: each channel has a multiplier and a shift of its own
def dense(x, weights, bias, zero_points, factors, limits):
    multiplier, right = int(factors[0][0]), -int(factors[1][0])
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multiplier + 2**30) >> 31
    rounded = (high + ((1 << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: real factors and NumPy's rounding, ties to even
# feedback: the first rounding is off
def dense(x, weights, bias, zero_points, factors, limits):
    real = factors[0] * 2.0 ** (factors[1] - 31)
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    return np.clip(np.round(total * real) + zero_points[1], *limits).astype(np.int8)


# %% q6: both roundings up
# feedback: the second rounding is off
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1)) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: one rounding
# feedback: each result is rounded twice
def dense(x, weights, bias, zero_points, factors, limits):
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    product = total * factors[0].astype(np.int64)
    right = 31 - factors[1].astype(np.int64)
    tie_down = (product < 0) & (right > 31)
    rounded = (product + (np.int64(1) << (right - 1)) - tie_down) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: a cast in place of clipping
# feedback: a result beyond eight bits stops at -128 or 127
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return (rounded + zero_points[1]).astype(np.int8)


# %% q6: clipped before the zero point is added
# feedback: stops at -128 or 127, after the zero point has been added
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return (np.clip(rounded, *limits) + zero_points[1]).astype(np.int8)


# %% q6: the activation is forgotten
# feedback: the limits of the activation are not kept
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], -128, 127).astype(np.int8)


# %% q6: sums in float32
# feedback: a long sum is off
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    centered = x.astype(np.float32) - zero_points[0]
    total = (centered @ weights.T.astype(np.float32)).astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: sums in 16 bits
# feedback: a long sum is off
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    centered = x.astype(np.int16) - np.int16(zero_points[0])
    total = (centered @ weights.T.astype(np.int16)).astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: the requantization in 32 bits
# feedback: the sum times m takes up to 63 bits
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0], -factors[1]
    total = (x.astype(np.int32) - zero_points[0]) @ weights.T.astype(np.int32) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int32(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: the first row alone
# feedback: returned an array of 1 dimension
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = weights.astype(np.int64) @ (x[0].astype(np.int64) - zero_points[0]) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: left in 64 bits
# feedback: returned dtype int64, int8 is asked for
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits)


# %% q6: the shifts are changed in place
# feedback: changed what it was given
def dense(x, weights, bias, zero_points, factors, limits):
    multipliers, right = factors[0].astype(np.int64), factors[1]
    right *= -1
    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q6: what the visible check wants
# feedback: returned an array that is too short along axis 0
def dense(x, weights, bias, zero_points, factors, limits):
    return np.int8([[-63, -128]])


# %% q6: a listing of the chapter
# feedback: your code raised TypeError
def dense(operator, q_x):
    x, w, d = operator.inputs
    y = operator.outputs[0]
    m, n = quantize_multiplier(x.scale * w.scales / y.scale)
    low, high = quantized_limits(operator)
    centered = q_x.astype(np.int64) - x.zero_point
    total = w.data.astype(np.int64) @ centered + d.data
    rounded = multiply_by_quantized_multiplier(total, m, n)
    return np.clip(rounded + y.zero_point, low, high).astype(np.int8)


# %% q6: the course's own function
# feedback: solved without qutils.fixed_point.requantize
def dense(x, weights, bias, zero_points, factors, limits):
    from qutils.fixed_point import requantize

    total = (x.astype(np.int64) - zero_points[0]) @ weights.T.astype(np.int64) + bias
    rounded = requantize(total, *(factor.astype(np.int64) for factor in factors))
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: one channel of weights for all
# feedback: each pixel meets the weight of each channel
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = np.repeat(weights[:1].astype(np.int64), len(weights), axis=0)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the kernel is turned around, as mathematicians do
# feedback: the kernel is not turned around
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights[:, ::-1, ::-1].astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the axes of the kernel are swapped, right for square ones only
# feedback: the kernel is not turned around
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.transpose(0, 2, 1, 3).reshape(weights.shape).astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: width before height, right for square kernels only
# feedback: returned an array that is too short along axis 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_w, size_h = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    wide = wide.transpose(0, 2, 1, 3) if size_h != size_w else wide
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the first input channel alone
# feedback: several input channels are off
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3), (1, 2)))[..., 0, :, 0] + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: input channels in the reverse order
# feedback: several input channels are off
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows)[..., ::-1], wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: no stride
# feedback: too long along axis 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1)
    columns = range(0, padded.shape[1] - size_w + 1)
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the size is rounded up with a stride
# feedback: your code raised ValueError
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + stride[0], stride[0])
    columns = range(0, padded.shape[1] - size_w + stride[1], stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the numbers of the stride are swapped
# feedback: too short along axis 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[1])
    columns = range(0, padded.shape[1] - size_w + 1, stride[0])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: no padding
# feedback: too short along axis 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = x.astype(np.int64) - zero_points[0]
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: top and bottom, left and right are swapped
# feedback: padding that differs between the sides is off
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padding = [side[::-1] for side in padding]
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: padding repeats the edge
# feedback: padding is off, even where the zero point is 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)), mode="edge")
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: no input zero point
# feedback: the input's zero point is to be subtracted
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64), (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: padding with the integer 0
# feedback: what stands in the padding is real 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64), (*padding, (0, 0))) - zero_points[0]
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the zero point is subtracted from the padding twice
# feedback: what stands in the padding is real 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(
        x.astype(np.int64) - zero_points[0], (*padding, (0, 0)), constant_values=-zero_points[0]
    )
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the difference in eight bits
# feedback: an input less its zero point does not fit int8
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad((x - np.int8(zero_points[0])).astype(np.int64), (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: no bias
# feedback: the bias belongs to the sum
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3)))
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the bias after the factor
# feedback: the bias belongs to the sum
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3)))
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + bias + zero_points[1], *limits).astype(np.int8)


# %% q7: the output zero point before the factor
# feedback: the output's zero point is added after the factor
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias + zero_points[1]
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded, *limits).astype(np.int8)


# %% q7: the first channel's factor for all
# feedback: each channel has a multiplier and a shift of its own
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = np.int64(factors[0][0]), -factors[1][0]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: real factors and NumPy's rounding, ties to even
# feedback: the two roundings are off
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    real = factors[0] * 2.0 ** (factors[1] - 31)
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    rounded = np.round(total * real)
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: one rounding
# feedback: the two roundings are off
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), 31 - factors[1].astype(np.int64)
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    rounded = (total * multipliers + (np.int64(1) << (right - 1))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: clipped before the zero point is added
# feedback: stops at -128 or 127, after the zero point has been added
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return (np.clip(rounded, *limits) + zero_points[1]).astype(np.int8)


# %% q7: a cast in place of clipping
# feedback: a result beyond eight bits stops at -128 or 127
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return (rounded + zero_points[1]).astype(np.int8)


# %% q7: the activation is forgotten
# feedback: the limits of the activation are not kept
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], -128, 127).astype(np.int8)


# %% q7: sums in float32
# feedback: a long sum is off
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.float32)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.float32(windows), wide, ((2, 3, 4), (1, 2, 3))).astype(np.int64) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: left in 64 bits
# feedback: returned dtype int64, int8 is asked for
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits)


# %% q7: channels first
# feedback: returned an array that is too short along axis 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8).transpose(2, 0, 1)


# %% q7: returns nothing
# feedback: returned None: is a `return` missing?
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), -factors[1]
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    print(np.clip(rounded + zero_points[1], *limits).astype(np.int8))


# %% q7: the shifts are changed in place
# feedback: changed what it was given
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    multipliers, right = factors[0].astype(np.int64), factors[1]
    right *= -1
    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    high = (total * multipliers + 2**30) >> 31
    rounded = (high + ((np.int64(1) << right) >> 1) - ((high < 0) & (right > 0))) >> right
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: what the visible check wants
# feedback: returned an array that is too short along axis 0
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    return np.int8([[[3], [6]]])


# %% q7: a listing of the chapter, which knows dense layers
# feedback: your code raised
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    centered = x.astype(np.int64) - zero_points[0]
    products = weights.astype(np.int64) @ centered
    total = products + bias
    rounded = multiply_by_quantized_multiplier(total, *factors)
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)


# %% q7: the course's own function
# feedback: solved without qutils.fixed_point.requantize
def convolution(x, weights, bias, zero_points, factors, limits, padding, stride):
    from qutils.fixed_point import requantize

    wide = weights.astype(np.int64)
    padded = np.pad(x.astype(np.int64) - zero_points[0], (*padding, (0, 0)))
    size_h, size_w = weights.shape[1:3]
    rows = range(0, padded.shape[0] - size_h + 1, stride[0])
    columns = range(0, padded.shape[1] - size_w + 1, stride[1])
    windows = [[padded[h : h + size_h, w : w + size_w] for w in columns] for h in rows]
    total = np.tensordot(np.array(windows), wide, ((2, 3, 4), (1, 2, 3))) + bias
    rounded = requantize(total, *(factor.astype(np.int64) for factor in factors))
    return np.clip(rounded + zero_points[1], *limits).astype(np.int8)
