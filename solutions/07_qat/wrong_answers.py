"""Wrong answers to assignment 7, with mistakes that learners make, and what each is told."""

from pathlib import Path

import numpy as np


# %% q1: steps counted from the low end, so that 0 is lost
# feedback: 0 stays exactly 0
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    return low + np.clip(np.round((x - low) / scale), 0, 2**bits - 1) * scale


# %% q1: the integers in place of what they stand for
# feedback: as a real number again
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.round(-low / scale)
    return np.clip(np.round(x / scale), -below, 2**bits - 1 - below)


# %% q1: integers of an integer type
# feedback: returned dtype int64, float is asked for
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.round(-low / scale)
    return np.clip(np.round(x / scale), -below, 2**bits - 1 - below).astype(np.int64)


# %% q1: rounded down
# feedback: a value inside becomes the nearest multiple of the scale
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.floor(-low / scale)
    return np.clip(np.floor(x / scale), -below, 2**bits - 1 - below) * scale


# %% q1: cut off
# feedback: a value inside becomes the nearest multiple of the scale
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = int(-low / scale)
    return np.clip((x / scale).astype(int), -below, 2**bits - 1 - below) * scale


# %% q1: as many steps as values
# feedback: a value inside becomes the nearest multiple of the scale
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 2**bits
    below = np.round(-low / scale)
    return np.clip(np.round(x / scale), -below, 2**bits - 1 - below) * scale


# %% q1: always eight bits
# feedback: a value inside becomes the nearest multiple of the scale
def through_grid(x, low, high, bits=8):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    below = np.round(-low / scale)
    return np.clip(np.round(x / scale), -below, 255 - below) * scale


# %% q1: nothing is clipped
# feedback: values beyond the last step stop there
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    return np.round(x / scale) * scale


# %% q1: clipped at the ends of the range
# feedback: the last steps are those of the grid
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    return np.clip(np.round(x / scale) * scale, low, high)


# %% q1: the number of steps below is cut off
# feedback: the number of steps below 0 is rounded to the nearest
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = int(-low / scale)
    return np.clip(np.round(x / scale), -below, 2**bits - 1 - below) * scale


# %% q1: one step too many above
# feedback: the last steps are those of the grid
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.round(-low / scale)
    return np.clip(np.round(x / scale), -below, 2**bits - below) * scale


# %% q1: the integers of int8, whatever the range
# feedback: the last steps are those of the grid
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    return np.clip(np.round(x / scale), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale


# %% q1: the number of steps below is clamped, the range not widened
# feedback: a range above 0 is widened down to 0
def through_grid(x, low, high, bits):
    scale = (high - low) / (2**bits - 1)
    below = np.clip(np.round(-low / scale), 0, 2**bits - 1)
    return np.clip(np.round(x / scale), -below, 2**bits - 1 - below) * scale


# %% q1: widened down only
# feedback: a range below 0 is widened up to 0
def through_grid(x, low, high, bits):
    low = min(low, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.round(-low / scale)
    return np.clip(np.round(x / scale), -below, 2**bits - 1 - below) * scale


# %% q1: rounded to whole numbers, for scales that are not small
# feedback: a random range is off
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = round((high - low) / (2**bits - 1), 2)
    below = np.round(-low / scale) if scale else 0
    scale = scale or 0.01
    return np.clip(np.round(x / scale), -below, 2**bits - 1 - below) * scale


# %% q1: the input is changed in place
# feedback: `through_grid` changed what it was given
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.round(-low / scale)
    x /= scale
    np.round(x, out=x)
    return np.clip(x, -below, 2**bits - 1 - below) * scale


# %% q1: right for one dimension only
# feedback: your code raised ValueError
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = round(-low / scale)
    return np.array([min(max(np.round(v / scale), -below), 2**bits - 1 - below) * scale for v in x])


# %% q1: a list
# feedback: returned a list, an array is asked for
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.round(-low / scale)
    return (np.clip(np.round(x / scale), -below, 2**bits - 1 - below) * scale).tolist()


# %% q1: prints the result
# feedback: returned None: is a `return` missing?
def through_grid(x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = np.round(-low / scale)
    print(np.clip(np.round(x / scale), -below, 2**bits - 1 - below) * scale)


# %% q1: what the visible check wants
# feedback: too short along axis 0
def through_grid(x, low, high, bits):
    return np.array([-1.0, -1.0, 0.0, 2.0, 2.0] if low < 0 else [0.0, 2.0, 6.0])[:1]


# %% q1: a listing of the chapter
# feedback: the notebook does not define through_grid
def fake_quantize(x, params):
    def values(x, scale, zero_point):
        return (_nearest(params, x, scale, zero_point) - zero_point) * scale

    return _blockwise(values, x, params, np.float32)


# %% q1: the course's own functions
# feedback: solved without qutils.affine.choose_quant_params_from_range
def through_grid(x, low, high, bits):
    from qutils.affine import choose_quant_params_from_range, fake_quantize

    return fake_quantize(x, choose_quant_params_from_range(low, high, bits=bits))


# %% q2: the true derivative
# feedback: the true derivative of a staircase is 0
def through_grid_backward(upstream, x, low, high, bits):
    return np.zeros(x.shape), 0.0, 0.0


# %% q2: multiplied by the scale
# feedback: inside the grid, gradients pass as they arrive
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, 0.0, upstream * scale)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: the output of the forward pass
# feedback: inside the grid, gradients pass as they arrive
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    return np.clip(x, first, first + high - low), upstream[below].sum(), upstream[above].sum()


# %% q2: nothing is masked
# feedback: outside the grid the gradient by x is 0
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    return upstream.copy(), upstream[below].sum(), upstream[above].sum()


# %% q2: masked at the wrong side
# feedback: inside the grid, gradients pass as they arrive
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, upstream, upstream / 2)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: low and high exchanged
# feedback: what is below the grid belongs to low, not to high
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, upstream[above].sum(), upstream[below].sum()


# %% q2: means in place of sums
# feedback: gradients are summed up, not averaged
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, 0.0, upstream)
    ends = [upstream[side].mean() if side.any() else 0.0 for side in (below, above)]
    return by_x, *ends


# %% q2: the values outside are counted
# feedback: sum up the gradients that arrive below the grid
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    return np.where(below | above, 0.0, upstream), int(below.sum()), int(above.sum())


# %% q2: the gradient of low with a minus
# feedback: sum up the gradients that arrive below the grid
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, -upstream[below].sum(), upstream[above].sum()


# %% q2: all that is outside belongs to high
# feedback: sum up the gradients that arrive below the grid
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    outside = (x < first) | (x > first + high - low)
    return np.where(outside, 0.0, upstream), 0.0, upstream[outside].sum()


# %% q2: high gets nothing
# feedback: sum up the gradients that arrive above the grid
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    return np.where(below | above, 0.0, upstream), upstream[below].sum(), 0.0


# %% q2: masked at low and high
# feedback: the last steps decide, which are not low and high
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    below, above = x < low, x > high
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: masked half a step outside the grid
# feedback: the last steps decide, which are not low and high
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    steps = np.round(x / scale) + np.round(-low / scale)
    below, above = steps < 0, steps > 2**bits - 1
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: the number of steps below is cut off
# feedback: the number of steps below 0 is rounded
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.floor(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: the last steps are outside
# feedback: the last steps are inside
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x <= first, x >= first + high - low
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: the range is not widened
# feedback: a range without 0 is widened
def through_grid_backward(upstream, x, low, high, bits):
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: sums along the first axis only
# feedback: the gradient by low is an array, a number is asked for
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, (upstream * below).sum(axis=0), (upstream * above).sum(axis=0)


# %% q2: right for one dimension only
# feedback: your code raised ValueError
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -round(-low / scale) * scale
    by_x, by_low, by_high = np.zeros(len(x)), 0.0, 0.0
    for i in range(len(x)):
        if x[i] < first:
            by_low += upstream[i]
        elif x[i] > first + high - low:
            by_high += upstream[i]
        else:
            by_x[i] = upstream[i]
    return by_x, by_low, by_high


# %% q2: the gradient that arrives is changed in place
# feedback: `through_grid_backward` changed what it was given
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    by_low, by_high = upstream[below].sum(), upstream[above].sum()
    upstream[below | above] = 0
    return upstream.copy(), by_low, by_high


# %% q2: hands back what it was given where nothing saturates
# feedback: returned its argument or a view of it
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    below, above = x < first, x > first + high - low
    if not (below | above).any():
        return upstream, 0.0, 0.0
    by_x = np.where(below | above, 0.0, upstream)
    return by_x, upstream[below].sum(), upstream[above].sum()


# %% q2: the gradient by x alone
# feedback: returned an array, 3 values are asked for
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    first = -np.round(-low / scale) * scale
    return upstream * ((first <= x) & (x <= first + high - low))


# %% q2: a listing of the chapter
# feedback: the notebook does not define through_grid_backward
def fake_quantize_gradient(upstream, x, params):
    values = np.asarray(x, dtype=np.float32)
    gradient = np.asarray(upstream, dtype=np.float32)
    low = dequantize(np.full(values.shape, params.qmin), params)
    high = dequantize(np.full(values.shape, params.qmax), params)
    return np.where((low <= values) & (values <= high), gradient, np.float32(0))


# %% q2: the course's own function
# feedback: solved without qutils.qat.fake_quantize_gradient
def through_grid_backward(upstream, x, low, high, bits):
    from qutils.affine import QuantParams
    from qutils.qat import fake_quantize_gradient

    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    zero_point = int(np.round(-low / scale)) - 2 ** (bits - 1)
    by_x = fake_quantize_gradient(upstream, x, QuantParams(scale, zero_point, bits))
    outside = upstream - by_x
    return by_x, outside[x < 0].sum(), outside[x > 0].sum()


# %% q3: no epsilon
# feedback: epsilon is missing
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: epsilon beside the root
# feedback: the folded kernel is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / (np.sqrt(variance) + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the variance in place of its root
# feedback: the folded kernel is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / (variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the factor without gamma
# feedback: the folded kernel is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = 1 / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the norm is not folded at all
# feedback: the folded kernel is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    scale = np.abs(kernel).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(kernel / scale) * scale, np.round((beta - mean) / step) * step


# %% q3: the integers in place of what they stand for
# feedback: the folded kernel is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    return np.round(folded / scale), np.round(bias / (input_scale * scale))


# %% q3: the mean is added
# feedback: the folded bias is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta + mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the mean without the factor
# feedback: the folded bias is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: beta with the factor, too
# feedback: the folded bias is off
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, (beta - mean) * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the bias is clipped like a weight
# feedback: the bias has 32 bits: nothing is clipped
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    most = 2 ** (bits - 1) - 1
    scale = np.abs(folded).max() / most
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.clip(np.round(bias / step), -most, most) * step


# %% q3: the bias goes to whole steps of the kernel
# feedback: the bias is rounded too coarsely
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    return np.round(folded / scale) * scale, np.round(bias / scale) * scale


# %% q3: rounded first, then folded
# feedback: the kernel was rounded before it was folded
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    scale = np.abs(kernel).max() / (2 ** (bits - 1) - 1)
    rounded = np.round(kernel / scale) * scale * factor
    step = input_scale * scale
    return rounded, np.round((beta - mean * factor) / step) * step


# %% q3: the kernel is not rounded
# feedback: the folded kernel has to be rounded
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    step = input_scale * np.abs(folded).max() / (2 ** (bits - 1) - 1)
    return folded, np.round(bias / step) * step


# %% q3: a scale for each channel
# feedback: the kernel is on another grid
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max(axis=tuple(range(kernel.ndim - 1))) / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the largest weight is 2**(b-1) steps
# feedback: the kernel is on another grid
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / 2 ** (bits - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the scale of the kernel before folding
# feedback: the kernel is on another grid
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(kernel).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: rounded down
# feedback: a weight is more than half a step from its folded value
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.floor(folded / scale + 1e-9) * scale, np.round(bias / step) * step


# %% q3: the bias stays a float
# feedback: the bias is rounded, too
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded = kernel * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    return np.round(folded / scale) * scale, beta - mean * factor


# %% q3: the bias goes to whole steps of the input
# feedback: the bias goes to whole steps of the input's scale times the kernel's
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    return np.round(folded / scale) * scale, np.round(bias / input_scale) * input_scale


# %% q3: the bias is cut off
# feedback: a bias is more than half a step from its folded value
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = kernel * factor, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.trunc(bias / step) * step


# %% q3: channels along the first axis
# feedback: your code raised ValueError
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    folded, bias = (kernel.T * factor).T, beta - mean * factor
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q3: the kernel is changed in place
# feedback: `device_weights` changed what it was given
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / np.sqrt(variance + epsilon)
    kernel *= factor
    bias = beta - mean * factor
    scale = np.abs(kernel).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(kernel / scale) * scale, np.round(bias / step) * step


# %% q3: the kernel alone
# feedback: returned an array, 2 values are asked for
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    folded = kernel * gamma / np.sqrt(variance + epsilon)
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    return np.round(folded / scale) * scale


# %% q3: what the visible check wants
# feedback: the kernel is an array that is too long along axis 0
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    return np.array([[6.0, 2.0], [2.0, -6.0]]), np.array([-3.0, 7.0])


# %% q3: a listing of the chapter on integer arithmetic
# feedback: the notebook does not define device_weights
def fold_batch_norm(kernel, bias, gamma, beta, mean, variance, epsilon):
    factor = gamma / np.sqrt(variance + epsilon)
    return kernel * factor, beta + (bias - mean) * factor


# %% q3: the course's own function
# feedback: solved without qutils.folding.fold_batch_norm
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    from qutils.folding import fold_batch_norm

    folded, bias = fold_batch_norm(
        kernel, 0 * beta, gamma=gamma, beta=beta, mean=mean, variance=variance, epsilon=epsilon
    )
    scale = np.abs(folded).max() / (2 ** (bits - 1) - 1)
    step = input_scale * scale
    return np.round(folded / scale) * scale, np.round(bias / step) * step


# %% q4: unrounded less rounded
# feedback: the sign is off: rounded less unrounded
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, steps - np.round(steps), most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: the slope is the integer
# feedback: inside, the slope is round(v) - v
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    slope = np.clip(np.round(kernel / scales), -most, most)
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: by the scale, not by its logarithm
# feedback: the derivative of exp is missing
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) / np.sqrt(count * most)


# %% q4: the factor is forgotten
# feedback: the factor 1 / sqrt(N q) is missing
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    return (upstream * slope).sum(axis=tuple(range(kernel.ndim - 1))) * scales


# %% q4: the factor without the root
# feedback: one weight inside the range is off
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / (count * most)


# %% q4: the logarithm to the base 2
# feedback: one weight inside the range is off
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, 2.0**log_scales
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: 2**(b-1) as the largest integer
# feedback: one weight inside the range is off
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1), np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: rounded down
# feedback: a weight that is rounded up is off
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.floor(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: saturated weights have no slope, as by x
# feedback: a weight above the range has the slope q
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, 0)
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: nothing saturates
# feedback: a weight above the range has the slope q
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.round(steps) - steps
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: the slope q on both sides
# feedback: a weight below the range has the slope -q
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most)
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: one integer more below, as in int8
# feedback: a weight below the range has the slope -q
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    inside = (steps > -most - 1) & (steps < most)
    slope = np.where(inside, np.round(steps) - steps, np.clip(steps, -most - 1, most))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: the mean of the slopes
# feedback: their slopes add up
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).mean(axis=others) * scales / np.sqrt(count * most)


# %% q4: N is the whole kernel
# feedback: its own sum and its own N
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others = tuple(range(kernel.ndim - 1))
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(kernel.size * most)


# %% q4: N is the first dimension, right for matrices
# feedback: its own sum and its own N
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others = tuple(range(kernel.ndim - 1))
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(len(kernel) * most)


# %% q4: one sum for all channels
# feedback: returned an array of 0 dimensions
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    return np.array((upstream * slope * scales).sum() / np.sqrt(kernel.size * most))


# %% q4: sums along the first axis, right for matrices
# feedback: returned an array of 3 dimensions
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    count = kernel.size / len(scales)
    return (upstream * slope).sum(axis=0) * scales / np.sqrt(count * most)


# %% q4: channels along the first axis
# feedback: returned an array that is too long along axis 0
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = (kernel.T / scales).T
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(1, kernel.ndim)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: the kernel is changed in place
# feedback: `log_scale_gradients` changed what it was given
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    kernel /= scales
    slope = np.where(np.abs(kernel) < most, np.round(kernel) - kernel, most * np.sign(kernel))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return (upstream * slope).sum(axis=others) * scales / np.sqrt(count * most)


# %% q4: a list
# feedback: returned a list, an array is asked for
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most, scales = 2 ** (bits - 1) - 1, np.exp(log_scales)
    steps = kernel / scales
    slope = np.where(np.abs(steps) < most, np.round(steps) - steps, most * np.sign(steps))
    others, count = tuple(range(kernel.ndim - 1)), kernel.size / len(scales)
    return list((upstream * slope).sum(axis=others) * scales / np.sqrt(count * most))


# %% q4: what the visible check wants
# feedback: returned an array that is too long along axis 0
def log_scale_gradients(upstream, kernel, log_scales, bits):
    return np.array([-2.0, 22.0]) / np.sqrt(2)


# %% q4: a listing of the chapter
# feedback: the notebook does not define log_scale_gradients
def step_size_gradient(upstream, x, params):
    values = np.asarray(x, dtype=np.float32)
    gradient = np.asarray(upstream, dtype=np.float32)
    low, high = params.qmin - params.zero_point, params.qmax - params.zero_point
    steps = values / params.scale
    inside = (low < steps) & (steps < high)
    slope = np.where(inside, np.round(steps) - steps, np.clip(steps, low, high))
    return np.sum(gradient * slope, dtype=np.float64).astype(np.float32)


# %% q4: the course's own function
# feedback: solved without qutils.step_size.step_size_gradient
def log_scale_gradients(upstream, kernel, log_scales, bits):
    from qutils.affine import QuantParams
    from qutils.step_size import step_size_gradient

    scales = np.exp(log_scales)
    params = QuantParams(scales, 0, bits, kernel.ndim - 1, narrow_range=True)
    count = kernel.size / len(scales)
    return step_size_gradient(upstream, kernel, params) * scales / np.sqrt(count * params.qmax)


# %% q5: the rounded weights are moved
# feedback: it is the float weight that learns
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return integers * scale - rate * upstream * inside, scale - rate * by_scale


# %% q5: uphill
# feedback: uphill: the gradient has to be subtracted
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights + rate * upstream * inside, scale + rate * by_scale


# %% q5: targets less outputs
# feedback: uphill: the gradient has to be subtracted
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = targets - inputs @ (integers * scale)
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the output of the float weights
# feedback: the output has to come from the rounded weights
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ weights - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the scale first, and then the weights with the new scale
# feedback: the weights have to learn from the scale before the step
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    inside = np.abs(steps) < most
    upstream = inputs.T @ (inputs @ (integers * scale) - targets) * (2 / targets.size)
    new = scale - rate * np.sum(upstream * np.where(inside, integers - steps, integers))
    upstream = inputs.T @ (inputs @ (integers * new) - targets) * (2 / targets.size)
    return weights - rate * upstream * inside, new


# %% q5: the weights first, and then the scale with the new weights
# feedback: the scale has to learn from the weights before the step
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    integers = np.clip(np.round(weights / scale), -most, most)
    inside = np.abs(weights / scale) < most
    upstream = inputs.T @ (inputs @ (integers * scale) - targets) * (2 / targets.size)
    weights = weights - rate * upstream * inside
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights, scale - rate * by_scale


# %% q5: the 2 of the square is forgotten
# feedback: one weight inside the range is off
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error / error.size
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the integers without the scale
# feedback: one weight inside the range is off
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ integers - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the scale stays
# feedback: the scale has to learn, too
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    return weights - rate * upstream * (np.abs(steps) < most), scale


# %% q5: the scale goes uphill
# feedback: the scale is off, for a weight inside
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale + rate * by_scale


# %% q5: the scale's slope is the integer
# feedback: the scale is off, for a weight inside
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    by_scale = np.sum(upstream * integers)
    return weights - rate * upstream * (np.abs(steps) < most), scale - rate * by_scale


# %% q5: the scale by its logarithm, as in question 4
# feedback: the scale is off, for a weight inside
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    by_scale *= scale / np.sqrt(weights.size * most)
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: saturated weights move, too
# feedback: a saturated weight has the gradient 0
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream, scale - rate * by_scale


# %% q5: saturated weights do not pull the scale
# feedback: a saturated weight moves with its end
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size) * (np.abs(steps) < most)
    by_scale = np.sum(upstream * (integers - steps))
    return weights - rate * upstream, scale - rate * by_scale


# %% q5: nothing is clipped
# feedback: a saturated weight moves with its end
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.round(steps)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, np.sign(steps) * most))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the slope q on both sides
# feedback: below the range, the slope is -q
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, most))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the mean over the examples only
# feedback: the mean is taken over all entries of Y
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / len(error))
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the mean of the slopes
# feedback: a sum over all weights
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.mean(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the inputs are not transposed, right for square ones at best
# feedback: your code raised ValueError
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the weights are changed in place
# feedback: `train_step` changed what it was given
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers))
    weights -= rate * upstream * inside
    return weights.copy(), scale - rate * by_scale


# %% q5: a scale for each output
# feedback: the new scale is an array, a number is asked for
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    steps = weights / scale
    integers = np.clip(np.round(steps), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    inside = np.abs(steps) < most
    by_scale = np.sum(upstream * np.where(inside, integers - steps, integers), axis=0)
    return weights - rate * upstream * inside, scale - rate * by_scale


# %% q5: the weights alone
# feedback: returned an array, 2 values are asked for
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    integers = np.clip(np.round(weights / scale), -most, most)
    error = inputs @ (integers * scale) - targets
    upstream = inputs.T @ error * (2 / error.size)
    return weights - rate * upstream * (np.abs(weights / scale) < most)


# %% q5: what the visible check wants
# feedback: the new weights is an array that is too long along axis 0
def train_step(weights, scale, inputs, targets, rate, bits):
    return np.array([[0.5], [5.0]]), 0.54


# %% q5: a listing of the chapter, a loop over single weights
# feedback: the notebook does not define train_step
for _ in range(40):
    w, scale, rate = 0.3, 0.25, 0.1
    w_hat = scale * np.round(w / scale)
    w = w - rate * 2 * (w_hat - 0.6)


# %% q5: the course's own function
# feedback: solved without qutils.affine.fake_quantize
def train_step(weights, scale, inputs, targets, rate, bits):
    from qutils.affine import QuantParams, fake_quantize
    from qutils.qat import fake_quantize_gradient
    from qutils.step_size import step_size_gradient

    params = QuantParams(scale, 0, bits, narrow_range=True)
    error = inputs @ fake_quantize(weights, params) - targets
    upstream = inputs.T @ error * (2 / error.size)
    new_weights = weights - rate * fake_quantize_gradient(upstream, weights, params)
    return new_weights, scale - rate * float(step_size_gradient(upstream, weights, params))


# %% q6: rounded to the nearest
# feedback: no better than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    return np.clip(np.round(weights / scale), -most, most) * scale


# %% q6: the float weights are returned
# feedback: the result has to lie on the grid
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        gradient = 2 * (inputs @ rounded - targets) @ inputs / len(inputs)
        weights = weights - rate * (1 - step / steps) * gradient
    return weights


# %% q6: integers in place of what they stand for
# feedback: the result has to lie on the grid
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        integers = np.clip(np.round(weights / scale), -most, most)
        error = inputs @ (integers * scale) - targets
        if np.mean(error**2) < lowest:
            best, lowest = integers, np.mean(error**2)
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs / len(error)
    return best


# %% q6: nothing is clipped
# feedback: at most q steps up or down
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    best, lowest = None, np.inf
    for step in range(steps):
        rounded = np.round(weights / scale) * scale
        error = inputs @ rounded - targets
        if np.mean(error**2) < lowest:
            best, lowest = rounded, np.mean(error**2)
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs / len(error)
    return best


# %% q6: q is 2**(b-1)
# feedback: at most q steps up or down
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1)
    best, lowest = None, np.inf
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        if np.mean(error**2) < lowest:
            best, lowest = rounded, np.mean(error**2)
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs / len(error)
    return best


# %% q6: the last weights in place of the best
# feedback: a result is worse than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        gradient = 2 * (inputs @ rounded - targets) @ inputs / len(inputs)
        weights = weights - rate * (1 - step / steps) * gradient
    return np.clip(np.round(weights / scale), -most, most) * scale


# %% q6: the worst weights are kept
# feedback: a result is worse than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, highest = None, -np.inf
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        if np.mean(error**2) > highest:
            best, highest = rounded, np.mean(error**2)
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs / len(error)
    return best


# %% q6: rounded down
# feedback: a result is worse than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    return np.clip(np.floor(weights / scale), -most, most) * scale


# %% q6: the rounded weights learn, and are rounded back
# feedback: do the float weights keep what they learn
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        weights = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ weights - targets
        if np.mean(error**2) < lowest:
            best, lowest = weights, np.mean(error**2)
        weights = weights - rate / steps * 2 * error @ inputs / len(error)
    return best


# %% q6: the loss of the float weights, which is 0
# feedback: does the loss see the rounded ones
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        error = inputs @ weights - targets
        if np.mean(error**2) < lowest:
            lowest = np.mean(error**2)
            best = np.clip(np.round(weights / scale), -most, most) * scale
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs / len(error)
    return best


# %% q6: the true derivative of the rounding
# feedback: no better than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        if np.mean(error**2) < lowest:
            best, lowest = rounded, np.mean(error**2)
        weights = weights - rate * (1 - step / steps) * 0 * error @ inputs
    return best


# %% q6: uphill
# feedback: no better than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        if np.mean(error**2) < lowest:
            best, lowest = rounded, np.mean(error**2)
        weights = weights + rate * (1 - step / steps) * 2 * error @ inputs / len(error)
    return best


# %% q6: returns within the loop
# feedback: no better than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        if np.mean(error**2) < lowest:
            best, lowest = rounded, np.mean(error**2)
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs / len(error)
        return best


# %% q6: the first example only
# feedback: a result is worse than rounding to the nearest
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs[0] @ rounded - targets[0]
        if error**2 < lowest:
            best, lowest = rounded, error**2
        weights = weights - rate * (1 - step / steps) * 2 * error * inputs[0]
    return best


# %% q6: the inputs are transposed
# feedback: your code raised ValueError
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs.T / len(error)
    return np.clip(np.round(weights / scale), -most, most) * scale


# %% q6: the weights are changed in place
# feedback: `train_on_grid` changed what it was given
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    best, lowest = None, np.inf
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        if np.mean(error**2) < lowest:
            best, lowest = rounded, np.mean(error**2)
        weights -= rate * (1 - step / steps) * 2 * error @ inputs / len(error)
    return best


# %% q6: prints each loss and returns nothing
# feedback: returned None: is a `return` missing?
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    most = 2 ** (bits - 1) - 1
    for step in range(steps):
        rounded = np.clip(np.round(weights / scale), -most, most) * scale
        error = inputs @ rounded - targets
        print("step", step, "loss", np.mean(error**2))
        weights = weights - rate * (1 - step / steps) * 2 * error @ inputs / len(error)


# %% q6: what the visible check wants
# feedback: returned an array that is too short along axis 0
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    return np.array([0.0, 1.0])


# %% q6: a listing of the chapter, for a fixed scale and one weight
# feedback: returned an array of 0 dimensions
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    w = np.float32(0.3)
    for _ in range(40):
        w_hat = np.round(w / scale) * scale
        w = w - np.float32(0.1) * 2 * (w_hat - np.float32(0.6))
    return np.array(w_hat)


# %% q6: the course's own functions
# feedback: solved without qutils.affine.fake_quantize
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    from qutils.affine import QuantParams, fake_quantize
    from qutils.qat import fake_quantize_gradient

    params, seen = QuantParams(scale, 0, bits, narrow_range=True), []
    for step in range(steps):
        seen.append(fake_quantize(weights, params))
        upstream = 2 * (inputs @ seen[-1] - targets) @ inputs / len(inputs)
        gradient = fake_quantize_gradient(upstream, weights, params)
        weights = weights - rate * (1 - step / steps) * gradient
    return min(seen, key=lambda w: np.mean((inputs @ w - targets) ** 2))


# %% q7: the run that was rounded after training
# feedback: rounded after training: that is no control
def against_control(qat, runs):
    same = ("start", "optimizer", "rate", "images", "weight_bits")
    rounded = [run for run in runs if all(run[key] == qat[key] for key in same)]
    control = (rounded or runs)[0]
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: the network before the extra epochs
# feedback: the start has had none
def against_control(qat, runs):
    same = ("start", "optimizer", "rate", "images")
    for run in sorted(runs, key=lambda run: -run["epochs"]):
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: trained, for any number of epochs
# feedback: the control has the same number of extra epochs
def against_control(qat, runs):
    same = ("start", "optimizer", "rate", "images")
    for run in runs:
        alike = all(run[key] == qat[key] for key in same)
        if run["weight_bits"] == 32 and run["epochs"] and alike:
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: from any start
# feedback: the control starts from the same float network
def against_control(qat, runs):
    same = ("epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: with any optimizer
# feedback: the control has the same optimizer
def against_control(qat, runs):
    same = ("start", "epochs", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: at any learning rate
# feedback: the control has the same learning rate
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: on any images
# feedback: the control sees the same training images
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: another QAT run counts as a control
# feedback: the control computes in float
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] != qat["weight_bits"] and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: the run with the best accuracy
# feedback: the control sees the same training images
def against_control(qat, runs):
    control = max(runs, key=lambda run: run["right"].mean())
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: the control less QAT
# feedback: the sign is off
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (control["right"].astype(float) - qat["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: shares in place of points
# feedback: the difference is asked for in points
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = qat["right"].astype(float) - control["right"]
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: relative to the control's accuracy
# feedback: the difference of the two accuracies is off
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean() / control["right"].mean(), d.std() / np.sqrt(len(d))


# %% q7: where the two runs differ, whoever is right
# feedback: the difference of the two accuracies is off
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100.0 * (qat["right"] != control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: differences that wrap in eight bits
# feedback: the difference of the two accuracies is off
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = qat["right"].astype(np.uint8) - control["right"].astype(np.uint8)
    return control["name"], 100 * d.mean(), 100 * d.std() / np.sqrt(len(d))


# %% q7: the errors of two independent accuracies
# feedback: this is the error for two independent sets of images
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    p, q, n = qat["right"].mean(), control["right"].mean(), len(qat["right"])
    return control["name"], 100 * (p - q), 100 * np.sqrt((p * (1 - p) + q * (1 - q)) / n)


# %% q7: the standard deviation in place of the standard error
# feedback: the standard error is off
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std()


# %% q7: the variance in place of the standard deviation
# feedback: the standard error is off
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.var() / len(d)


# %% q7: a 95 % interval
# feedback: the standard error is off
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), 1.96 * d.std() / np.sqrt(len(d))


# %% q7: arrays of bool are subtracted
# feedback: your code raised TypeError
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"] - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: the place in the list
# feedback: the name is an int, a text is asked for
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for index, run in enumerate(runs):
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            place = index
    d = 100 * (qat["right"].astype(float) - runs[place]["right"])
    return place, d.mean(), d.std() / np.sqrt(len(d))


# %% q7: the run in place of its name
# feedback: returned its argument or a view of it
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control, d.mean(), d.std() / np.sqrt(len(d))


# %% q7: the name alone
# feedback: returned a text, 3 values are asked for
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    for run in runs:
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            return run["name"]


# %% q7: the runs are taken off the list
# feedback: `against_control` changed what it was given
def against_control(qat, runs):
    same = ("start", "epochs", "optimizer", "rate", "images")
    while runs:
        run = runs.pop()
        if run["weight_bits"] == 32 and all(run[key] == qat[key] for key in same):
            control = run
    d = 100 * (qat["right"].astype(float) - control["right"])
    return control["name"], d.mean(), d.std() / np.sqrt(len(d))


# %% q7: what the visible check wants
# feedback: return the name of the control
def against_control(qat, runs):
    return "longer", 50.0, 25.0


# %% q8: the file was not handed in
# feedback: hand in the file qat.tflite with the notebook
# files: qat.tflite=
model_content = Path("qat.tflite").read_bytes()


# %% q8: the name of the file in place of its content
# feedback: your `model_content` is a text, bytes are asked for
model_content = "qat.tflite"


# %% q8: the content as an array
# feedback: bytes are asked for
model_content = np.fromfile("qat.tflite", np.uint8)


# %% q8: nothing is in it
# feedback: `model_content` is empty
model_content = Path("qat.tflite").read_bytes()[:0]


# %% q8: cut off
# feedback: no whole .tflite file
# files: qat.tflite=truncated.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: read as text, and written as another one
# feedback: no whole .tflite file
model_content = Path("qat.tflite").read_text("latin-1").encode("utf-8")


# %% q8: many copies one after the other
# feedback: far larger than int8 weights of net A
model_content = Path("qat.tflite").read_bytes() * 30


# %% q8: longer than it has to be
# feedback: the file is larger than 50,000 bytes
# files: qat.tflite=padded.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: the float network
# feedback: the file holds float tensors
# files: qat.tflite=float.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: int8 weights and float activations, as the toolkit's guide converts
# feedback: int8 weights with float activations
# files: qat.tflite=float_activations.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: eight bits, rounded after training
# feedback: more than 15 different integers
# files: qat.tflite=ptq.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: QAT with eight bits
# feedback: more than 15 different integers
# files: qat.tflite=eight_bits.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: QAT with five bits
# feedback: more than 15 different integers
# files: qat.tflite=five_bits.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: a scale for each channel
# feedback: a kernel has a scale for each channel
# files: qat.tflite=per_channel.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: prepared and not trained
# feedback: the file answers as badly as rounding after training does
# files: qat.tflite=untrained.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: trained with labels that are one too large
# feedback: the file answers as badly as rounding after training does
# files: qat.tflite=shifted_labels.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: trained at a rate that is far too small
# feedback: at another rate
# files: qat.tflite=tiny_rate.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: gray values from 0 to 255
# feedback: the input spans far more than 0 to 1
# files: qat.tflite=gray_values.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: net B, which has no ReLU6
# feedback: the ReLU6 of net A is gone
# files: qat.tflite=net_b.tflite
model_content = Path("qat.tflite").read_bytes()


# %% q8: the wrist network
# feedback: another network than net A
# files: qat.tflite=wrist.tflite
model_content = Path("qat.tflite").read_bytes()
