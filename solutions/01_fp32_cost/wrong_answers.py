"""Wrong answers that learners give to assignment 1, and what each is told."""

# %% q1: a leading 1 everywhere
# feedback: the pattern 0 is the number 0
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    return (-1.0) ** sign * 2.0 ** (exponent - 2 ** (exponent_bits - 1) + 1) * (1 + fraction)


# %% q1: only zero is special
# feedback: with exponent 0, which is not for zero alone, there is no leading 1
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    x = (-1.0) ** sign * 2.0 ** (exponent - 2 ** (exponent_bits - 1) + 1) * (1 + fraction)
    return np.where((exponent == 0) & (fraction == 0), 0.0, x)


# %% q1: no leading 1
# feedback: the leading 1 is missing
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    return (-1.0) ** sign * 2.0 ** (exponent - 2 ** (exponent_bits - 1) + 1) * fraction


# %% q1: exponent 0 keeps its own power
# feedback: exponent 0 is off by a factor of 2
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = exponent - (2 ** (exponent_bits - 1) - 1)
    return (-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)


# %% q1: the exponent stays unsigned
# feedback: a power of two below 1 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    sign = patterns >> np.uint32(exponent_bits + fraction_bits)
    exponent = (patterns >> np.uint32(fraction_bits)) & np.uint32(2**exponent_bits - 1)
    fraction = (patterns & np.uint32(2**fraction_bits - 1)) / 2.0**fraction_bits
    leading = exponent > 0
    power = np.maximum(exponent, np.uint32(1)) - np.uint32(2 ** (exponent_bits - 1) - 1)
    with np.errstate(all="ignore"):
        return np.where(sign, -1.0, 1.0) * 2.0**power * (leading + fraction)


# %% q1: a bias without the minus 1
# feedback: the bias is one off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = np.maximum(exponent, 1) - 2 ** (exponent_bits - 1)
    return (-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)


# %% q1: no bias
# feedback: a power of two is off: its fraction is 0, its exponent is stored with the bias added
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    return (-1.0) ** sign * 2.0 ** np.maximum(exponent, 1) * ((exponent > 0) + fraction)


# %% q1: the bias of float32 for all formats
# feedback: a float16 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = np.maximum(exponent, 1) - 127
    return (-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)


# %% q1: NumPy reads float32
# feedback: a float16 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    return patterns.copy().view(np.float32)


# %% q1: NumPy reads float32 in place
# feedback: `numbers_from_bits` returned its argument or a view of it
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    return patterns.view(np.float32)


# %% q1: the common formats only
# feedback: a format of other widths is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    if exponent_bits == 5:
        return patterns.astype(np.uint16).view(np.float16).astype(np.float64)
    return (patterns << (23 - fraction_bits)).astype(np.uint32).view(np.float32)


# %% q1: the sign is left out
# feedback: a negative float32 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = np.maximum(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
    return 2.0**power * ((exponent > 0) + fraction)


# %% q1: the sign is not cut off the exponent
# feedback: a negative float32 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = words >> fraction_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = np.maximum(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
    with np.errstate(all="ignore"):
        return (-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)


# %% q1: two's complement
# feedback: a negative float32 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    words = np.where(sign, 2 ** (1 + exponent_bits + fraction_bits) - words, words)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = np.maximum(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
    return (-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)


# %% q1: negative numbers with exponent 0 have no sign
# feedback: a negative number with exponent 0 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    bias = 2 ** (exponent_bits - 1) - 1
    normal = (-1.0) ** sign * 2.0 ** (exponent - bias) * (1 + fraction)
    return np.where(exponent > 0, normal, 2.0 ** (1 - bias) * fraction)


# %% q1: the fraction is a bit too short
# feedback: a positive float32 is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2 ** (fraction_bits - 1)) / 2 ** (fraction_bits - 1)
    power = np.maximum(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
    return (-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)


# %% q1: float16 is returned
# feedback: a power of two is off
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = np.maximum(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
    with np.errstate(all="ignore"):
        return ((-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)).astype(np.float16)


# %% q1: whole numbers are returned
# feedback: `numbers_from_bits` returned dtype int64, float is asked for
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    return words % 2**fraction_bits + exponent


# %% q1: a list is returned
# feedback: `numbers_from_bits` returned a list, an array is asked for
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fraction = (words % 2**fraction_bits) / 2**fraction_bits
    power = np.maximum(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
    return ((-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)).tolist()


# %% q1: flattened
# feedback: `numbers_from_bits` returned an array of 1 dimension, 2 asked for
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    numbers = []
    for pattern in patterns.flat:
        word = int(pattern)
        exponent = (word >> fraction_bits) % 2**exponent_bits
        fraction = (word % 2**fraction_bits) / 2**fraction_bits
        power = max(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
        number = 2.0**power * ((exponent > 0) + fraction)
        numbers.append(-number if word >> (exponent_bits + fraction_bits) else number)
    return np.array(numbers)


# %% q1: the argument is shifted in place
# feedback: `numbers_from_bits` changed what it was given
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    fraction = (patterns % 2**fraction_bits) / 2.0**fraction_bits
    patterns >>= np.uint32(fraction_bits)
    exponent = patterns.astype(np.int64) % 2**exponent_bits
    sign = patterns.astype(np.int64) >> exponent_bits
    power = np.maximum(exponent, 1) - (2 ** (exponent_bits - 1) - 1)
    return (-1.0) ** sign * 2.0**power * ((exponent > 0) + fraction)


# %% q1: hard-coded for the visible check
# feedback: the leading 1 is missing
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    known = {0b001100: 1.0, 0b101010: -0.75, 0b000001: 0.0625, 127 << 23: 1.0, 0xBF400000: -0.75}
    return np.vectorize(lambda p: known.get(int(p), 0.0), otypes=[float])(patterns)


# %% q1: the chapter's function
# feedback: this question is to be solved without qutils.floats.float_fields
from qutils.floats import FloatFormat, float_fields


def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    form = FloatFormat(exponent_bits, fraction_bits)
    fields = float_fields(patterns, form)
    return (-1.0) ** fields.sign * 2.0 ** (fields.exponent - form.bias) * fields.fraction


# %% q1: the course's own function
# feedback: this question is to be solved without qutils.floats.float_from_fields
from qutils.floats import FloatFields, FloatFormat, float_from_fields


def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    sign = words >> (exponent_bits + fraction_bits)
    exponent = (words >> fraction_bits) % 2**exponent_bits
    fields = FloatFields(sign, exponent, words % 2**fraction_bits)
    return float_from_fields(fields, FloatFormat(exponent_bits, fraction_bits))


# %% q2: the leading 1 is no digit
# feedback: with a step of 1 the counter goes on there
def counter_stop(step, fraction_bits):
    return 2.0 ** np.ceil(np.log2(step)) * 2**fraction_bits


# %% q2: the first number that is missing
# feedback: with a step of 1 the counter stops elsewhere
def counter_stop(step, fraction_bits):
    return 2.0 ** np.ceil(np.log2(step)) * (2 ** (fraction_bits + 1) + 1)


# %% q2: a tie goes up
# feedback: with a step of 1 the counter has stopped before
def counter_stop(step, fraction_bits):
    spacing = 2.0**-40
    while spacing / 2 <= step:
        spacing *= 2
    return spacing * 2**fraction_bits


# %% q2: the step is not looked at
# feedback: a step that is another power of two
def counter_stop(step, fraction_bits):
    return 2.0 ** (fraction_bits + 1)


# %% q2: a step is always a power of two
# feedback: a step that is no power of two: it is lost where the spacing is at least twice as large
def counter_stop(step, fraction_bits):
    return step * 2 ** (fraction_bits + 1)


# %% q2: the logarithm is cut off
# feedback: a step that is no power of two: the counter goes on there
def counter_stop(step, fraction_bits):
    return 2.0 ** (np.floor(np.log2(step)) + fraction_bits + 1)


# %% q2: results are cut off, not rounded
# feedback: with a step of 1 the counter goes on there
def counter_stop(step, fraction_bits):
    spacing = 2.0**-40
    while spacing < step:
        spacing *= 2
    return spacing * 2**fraction_bits


# %% q2: the spacing has to exceed the step
# feedback: a step that is no power of two: the counter goes on there
def counter_stop(step, fraction_bits):
    spacing = 2.0**-40
    while spacing <= step:
        spacing *= 2
    return spacing * 2**fraction_bits


# %% q2: whole steps only
# feedback: a step that is another power of two
def counter_stop(step, fraction_bits):
    spacing = 1
    while spacing < 2 * max(1, int(step)):
        spacing *= 2
    return spacing * 2**fraction_bits


# %% q2: no step below 1
# feedback: a step that is another power of two
def counter_stop(step, fraction_bits):
    spacing = 2.0
    while spacing < 2 * step:
        spacing *= 2
    return spacing * 2**fraction_bits


# %% q2: always a float32
# feedback: with a step of 1 the counter
def counter_stop(step, fraction_bits):
    total = np.float32(2.0**-40)
    while total + np.float32(step) != total:
        total *= np.float32(2)
    return float(total)


# %% q2: the chapter's cell
# feedback: with a step of 1 the counter
def counter_stop(step, fraction_bits):
    count = np.float32(16_777_216)
    if count + np.float32(1) == count:
        return count


# %% q2: the digits of the step are not looked at
# feedback: a step that is no power of two: the counter goes on there
def counter_stop(step, fraction_bits):
    _, exponent = np.frexp(step)
    return 2.0 ** (int(exponent) + fraction_bits)


# %% q2: the power of the step is rounded to the nearest
# feedback: a step that is no power of two: the counter goes on there
def counter_stop(step, fraction_bits):
    return 2.0 ** (round(float(np.log2(step))) + fraction_bits + 1)


# %% q2: the logarithm is returned
# feedback: with a step of 1 the counter stops elsewhere
def counter_stop(step, fraction_bits):
    return np.ceil(np.log2(2 * step)) + fraction_bits


# %% q2: printed, not returned
# feedback: `counter_stop` returned None: is a `return` missing?
def counter_stop(step, fraction_bits):
    print(2.0 ** (np.ceil(np.log2(step)) + fraction_bits + 1))


# %% q2: hard-coded for the visible check
# feedback: with a step of 1 the counter
def counter_stop(step, fraction_bits):
    return 8 if step == 1 else 32


# %% q2: the course's own function
# feedback: this question is to be solved without qutils.floats.float_spacing
from qutils.floats import FloatFormat, float_spacing


def counter_stop(step, fraction_bits):
    total = 1.0
    while float_spacing(total, FloatFormat(8, fraction_bits)) < 2 * step:
        total *= 2
    return total


# %% q3: the biases are forgotten
# feedback: the parameters are off for a 1x1 kernel on a gray image
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * products, outputs, outputs * products


# %% q3: one bias for all
# feedback: the parameters are off for a 1x1 kernel on a gray image
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * products + 1, outputs, outputs * products


# %% q3: the biases are counted as MACs
# feedback: the MACs are off for a 1x1 kernel on a gray image
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * (products + 1)


# %% q3: outputs of one filter
# feedback: the outputs are off for a 1x1 kernel on a gray image
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    places = -(-height // stride[0]) * -(-width // stride[1])
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), places, places * filters * products


# %% q3: MACs of one filter
# feedback: the MACs are off for a 1x1 kernel on a gray image
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    places = -(-height // stride[0]) * -(-width // stride[1])
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), places * filters, places * products


# %% q3: right for square images only
# feedback: the outputs are off where height and width of the image differ
def conv_cost(image, filters, kernel, stride, padding, groups):
    side, _, channels = image
    if padding == "valid":
        side = side - kernel[0] + 1
    outputs = (-(-side // stride[0])) ** 2 * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: right for square kernels only
# feedback: the parameters are off for a kernel that is not square
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[0] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] ** 2 * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: one input channel
# feedback: the parameters are off where a filter sees several channels
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, _ = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1]
    return filters * (products + 1), outputs, outputs * products


# %% q3: the channels come first
# feedback: the parameters are off for a 1x1 kernel on a gray image
def conv_cost(image, filters, kernel, stride, padding, groups):
    channels, height, width = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: the stride is not looked at
# feedback: the outputs are off with a stride
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    products = kernel[0] * kernel[1] * channels // groups
    outputs = height * width * filters
    return filters * (products + 1), outputs, outputs * products


# %% q3: a size is rounded down
# feedback: the outputs are off with a stride: a size that is no multiple of it is rounded up
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = (height // stride[0]) * (width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: the area is divided, then rounded
# feedback: the outputs are off with a stride
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height * width // (stride[0] * stride[1])) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: the strides are swapped
# feedback: the outputs are off where the strides differ
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[1]) * -(-width // stride[0]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: the padding is not looked at
# feedback: the outputs are off for padding "valid": n windows
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: one window too few
# feedback: the outputs are off for padding "valid": n windows
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0], width - kernel[1]
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: the kernel is turned around
# feedback: the outputs are off for padding "valid" with a stride
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[1] + 1, width - kernel[0] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: without padding, a window that sticks out counts
# feedback: the outputs are off for padding "valid" with a stride: only whole windows count
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        rows = -(-(height - kernel[0]) // stride[0]) + 1
        columns = -(-(width - kernel[1]) // stride[1]) + 1
    else:
        rows, columns = -(-height // stride[0]), -(-width // stride[1])
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), rows * columns * filters, rows * columns * filters * products


# %% q3: the groups are not looked at
# feedback: the parameters are off for a depthwise convolution
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels
    return filters * (products + 1), outputs, outputs * products


# %% q3: groups are always depthwise
# feedback: the parameters are off for groups of several channels
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * (1 if groups > 1 else channels)
    return filters * (products + 1), outputs, outputs * products


# %% q3: the cost of a single group
# feedback: the parameters are off for a depthwise convolution
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    filters = filters // groups
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: 32 bits
# feedback: the MACs are off for a large layer
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    macs = np.int32(outputs) * np.array([products], dtype=np.int32)
    return filters * (products + 1), outputs, int(macs[0])


# %% q3: a product in float32
# feedback: the MACs are off for a large layer
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    products = kernel[0] * kernel[1] * channels // groups
    return filters * (products + 1), outputs, int(np.float32(outputs) * np.float32(products))


# %% q3: floats are returned
# feedback: a count of `conv_cost` is a float, an integer is asked for
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = np.ceil(height / stride[0]) * np.ceil(width / stride[1]) * filters
    products = kernel[0] * kernel[1] * channels / groups
    return filters * (products + 1), outputs, outputs * products


# %% q3: the chapter's listing
# feedback: your code raised AttributeError
from math import prod


def conv_cost(layer, filters, kernel, stride, padding, groups):
    kernels = [w for w in layer.weights if "kernel" in w.name.rpartition("/")[2]]
    positions = prod(layer.output.shape[1:-1])
    return positions * sum(prod(kernel.shape) for kernel in kernels)


# %% q3: the MACs alone
# feedback: `conv_cost` returned an int, 3 values are asked for
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height, width = height - kernel[0] + 1, width - kernel[1] + 1
    outputs = -(-height // stride[0]) * -(-width // stride[1]) * filters
    return outputs * kernel[0] * kernel[1] * channels // groups


# %% q3: hard-coded for the visible check
# feedback: are off for a 1x1 kernel on a gray image
def conv_cost(image, filters, kernel, stride, padding, groups):
    if kernel == (1, 1):
        return (14, 2, 12) if groups == 1 else (8, 2, 6)
    if stride == (2, 1):
        return 10, 8, 72
    return (10, 16, 144) if padding == "same" else (10, 4, 36)


# %% q4: all activations are added up
# feedback: peak_bytes is off for two layers of equal outputs
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    return flash, sum(-(-count * activation_bits // 8) for count in values)


# %% q4: the largest activation alone
# feedback: peak_bytes is off for a single layer of 8 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    return flash, max(-(-count * activation_bits // 8) for count in values)


# %% q4: the two largest, wherever they are
# feedback: peak_bytes is off where the two largest activations are not neighbors
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = sorted(-(-count * activation_bits // 8) for count in values)
    return flash, sizes[-1] + sizes[-2]


# %% q4: the network's input is forgotten
# feedback: peak_bytes is off for a single layer of 8 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    sizes = [-(-outputs * activation_bits // 8) for _, outputs in layers]
    return flash, max((a + b for a, b in zip(sizes, sizes[1:])), default=sizes[0])


# %% q4: the network's input is forgotten where there are several layers
# feedback: peak_bytes is off where the network's input is large
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [outputs for _, outputs in layers]
    if len(values) == 1:
        values = [input_values, *values]
    sizes = [-(-count * activation_bits // 8) for count in values]
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: the input stays to the end
# feedback: peak_bytes is off for two layers of equal outputs
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    first = -(-input_values * activation_bits // 8)
    sizes = [0, *(-(-outputs * activation_bits // 8) for _, outputs in layers)]
    return flash, first + max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: the first layer is the worst
# feedback: peak_bytes is off for two layers of equal outputs
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    first, second = input_values, layers[0][1]
    return flash, -(-first * activation_bits // 8) + -(-second * activation_bits // 8)


# %% q4: the last layer is left out
# feedback: peak_bytes is off for two layers of equal outputs
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = [-(-count * activation_bits // 8) for count in values]
    last = max(len(sizes) - 2, 1)
    return flash, max(sizes[k] + sizes[k + 1] for k in range(last))


# %% q4: the weights of the largest layer
# feedback: flash_bytes is off for two layers of equal outputs
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = max(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = [-(-count * activation_bits // 8) for count in values]
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: the weights are copied to SRAM
# feedback: peak_bytes is off for a single layer of 8 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = [-(-count * activation_bits // 8) for count in values]
    weights = [-(-parameters * weight_bits // 8) for parameters, _ in layers]
    return sum(weights), max(map(sum, zip(sizes, sizes[1:], weights)))


# %% q4: four bytes for everything
# feedback: flash_bytes is off for a single layer of 8 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    values = [input_values, *(outputs for _, outputs in layers)]
    flash = 4 * sum(parameters for parameters, _ in layers)
    return flash, 4 * max(a + b for a, b in zip(values, values[1:]))


# %% q4: bits are returned
# feedback: flash_bytes is off for a single layer of 8 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    values = [input_values, *(outputs for _, outputs in layers)]
    flash = weight_bits * sum(parameters for parameters, _ in layers)
    return flash, activation_bits * max(a + b for a, b in zip(values, values[1:]))


# %% q4: the width of the weights for all
# feedback: peak_bytes is off where weights have another width than activations
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = [-(-count * weight_bits // 8) for count in values]
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: whole bytes for each number
# feedback: flash_bytes is off at 4 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(parameters * -(-weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = [count * -(-activation_bits // 8) for count in values]
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: rounded down
# feedback: flash_bytes is off at 4 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(parameters * weight_bits // 8 for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = [count * activation_bits // 8 for count in values]
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: rounded after the sum
# feedback: at 4 bits: each layer's weights, and each activation, are rounded up
def network_bytes(layers, input_values, weight_bits, activation_bits):
    parameters = sum(parameters for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    peak = max(a + b for a, b in zip(values, values[1:]))
    return -(-parameters * weight_bits // 8), -(-peak * activation_bits // 8)


# %% q4: activations are rounded after the sum
# feedback: peak_bytes is off at 4 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    peak = max(a + b for a, b in zip(values, values[1:]))
    return flash, -(-peak * activation_bits // 8)


# %% q4: floats are returned
# feedback: a number of bytes of `network_bytes` is a float, an integer is asked for
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = sum(np.ceil(parameters * weight_bits / 8) for parameters, _ in layers)
    values = [input_values, *(outputs for _, outputs in layers)]
    sizes = [np.ceil(count * activation_bits / 8) for count in values]
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: the list is extended
# feedback: `network_bytes` changed what it was given
def network_bytes(layers, input_values, weight_bits, activation_bits):
    layers.insert(0, (0, input_values))
    sizes = [-(-outputs * activation_bits // 8) for _, outputs in layers]
    flash = sum(-(-parameters * weight_bits // 8) for parameters, _ in layers)
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: the two memories are swapped
# feedback: flash_bytes is off for a single layer of 8 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    values = [input_values, *(parameters for parameters, _ in layers)]
    flash = sum(-(-outputs * weight_bits // 8) for _, outputs in layers)
    sizes = [-(-count * activation_bits // 8) for count in values]
    return flash, max(a + b for a, b in zip(sizes, sizes[1:]))


# %% q4: hard-coded for the visible check
# feedback: flash_bytes is off for a single layer of 8 bits
def network_bytes(layers, input_values, weight_bits, activation_bits):
    return {8: (16, 7), 32: (64, 7), 4: (4, 4)}.get(weight_bits, (0, 0))


# %% q4: the course's own functions
# feedback: this question is to be solved without qutils.floats.weight_bytes
from qutils.floats import LayerCost, activation_peak_bytes, weight_bytes


def network_bytes(layers, input_values, weight_bits, activation_bits):
    costs, before = [], -(-input_values * activation_bits // 8)
    for parameters, outputs in layers:
        after = -(-outputs * activation_bits // 8)
        flash = -(-parameters * weight_bits // 8)
        costs.append(LayerCost("", "conv", parameters, flash, before, after, 0))
        before = after
    return weight_bytes(costs), activation_peak_bytes(costs)


# %% q5: the rule of a chain
# feedback: a tensor that a later layer reads has to stay while the layers in between run
def peak_bytes(sizes, reads):
    return max(before + after for before, after in zip(sizes, sizes[1:]))


# %% q5: what the layer itself uses
# feedback: a tensor that a later layer reads has to stay while the layers in between run
def peak_bytes(sizes, reads):
    return max(
        sizes[layer] + sum(sizes[t] for t in set(tensors))
        for layer, tensors in enumerate(reads, start=1)
    )


# %% q5: everything is kept
# feedback: a chain is off
def peak_bytes(sizes, reads):
    return sum(sizes)


# %% q5: everything so far is kept
# feedback: a chain is off
def peak_bytes(sizes, reads):
    used = [sum(sizes[: layer + 1]) for layer in range(1, len(sizes))]
    return max(used)


# %% q5: the largest tensor
# feedback: a single layer is off
def peak_bytes(sizes, reads):
    return max(sizes)


# %% q5: the network's input stays
# feedback: a chain is off
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer
    last[0] = len(reads)
    return max(
        sum(sizes[t] for t in range(layer + 1) if last[t] >= layer)
        for layer in range(1, len(sizes))
    )


# %% q5: only the network's input can wait
# feedback: a tensor in the middle of the network that a later layer reads has to stay as well
def peak_bytes(sizes, reads):
    last = max(layer for layer, tensors in enumerate(reads, start=1) if 0 in tensors)
    return max(
        sizes[layer]
        + sum(sizes[t] for t in set(tensors) - {0})
        + (sizes[0] if layer <= last else 0)
        for layer, tensors in enumerate(reads, start=1)
    )


# %% q5: gone after the first that reads it
# feedback: a tensor that a later layer reads has to stay while the layers in between run
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in reversed(list(enumerate(reads, start=1))):
        for tensor in tensors:
            last[tensor] = layer
    return max(
        sum(sizes[t] for t in range(layer + 1) if last[t] >= layer)
        for layer in range(1, len(sizes))
    )


# %% q5: gone before the last that reads it
# feedback: a single layer is off
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer
    return max(
        sum(sizes[t] for t in range(layer + 1) if last[t] > layer or t == layer)
        for layer in range(1, len(sizes))
    )


# %% q5: gone one layer too late
# feedback: a chain is off
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer + 1
    return max(
        sum(sizes[t] for t in range(layer + 1) if last[t] >= layer)
        for layer in range(1, len(sizes))
    )


# %% q5: tensors that are not written yet
# feedback: a chain is off
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer
    return max(
        sum(size for t, size in enumerate(sizes) if last[t] >= layer)
        for layer in range(1, len(sizes))
    )


# %% q5: layers are counted from 0
# feedback: a single layer is off
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads):
        for tensor in tensors:
            last[tensor] = layer
    return max(
        sum(sizes[t] for t in range(layer + 1) if last[t] >= layer) for layer in range(len(sizes))
    )


# %% q5: a tensor that is read twice counts twice
# feedback: a tensor that a layer reads twice is there once
def peak_bytes(sizes, reads):
    last = {t: layer for layer, tensors in enumerate(reads, start=1) for t in tensors}
    peak = 0
    for layer, tensors in enumerate(reads, start=1):
        waiting = [t for t in range(layer) if last.get(t, 0) > layer and t not in tensors]
        peak = max(peak, sum(sizes[t] for t in [layer, *tensors, *waiting]))
    return peak


# %% q5: a tensor that nobody reads stays to the end
# feedback: a tensor that nobody reads is there while its layer runs, and no longer
def peak_bytes(sizes, reads):
    last = [len(reads)] * len(sizes)
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer
    return max(
        sum(sizes[t] for t in range(layer + 1) if last[t] >= layer)
        for layer in range(1, len(sizes))
    )


# %% q5: a tensor that nobody reads takes nothing
# feedback: a tensor that nobody reads is there while its layer runs, and no longer
def peak_bytes(sizes, reads):
    used = {t for tensors in reads for t in tensors} | {len(reads)}
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer
    return max(
        sum(sizes[t] for t in range(layer + 1) if last[t] >= layer and t in used)
        for layer in range(1, len(sizes))
    )


# %% q5: the lists are emptied
# feedback: `peak_bytes` changed what it was given
def peak_bytes(sizes, reads):
    peak, there, layer = 0, {0}, 0
    while reads:
        layer += 1
        there.add(layer)
        peak = max(peak, sum(sizes[t] for t in there))
        reads.pop(0)
        there = {t for t in there if any(t in tensors for tensors in reads)}
    return peak


# %% q5: a float is returned
# feedback: an integer is asked for
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer
    weights = np.array(sizes, dtype=np.float32)
    return max(
        sum(weights[t] for t in range(layer + 1) if last[t] >= layer)
        for layer in range(1, len(sizes))
    )


# %% q5: the moment, not the bytes
# feedback: a single layer is off
def peak_bytes(sizes, reads):
    last = list(range(len(sizes)))
    for layer, tensors in enumerate(reads, start=1):
        for tensor in tensors:
            last[tensor] = layer
    totals = [
        sum(sizes[t] for t in range(layer + 1) if last[t] >= layer)
        for layer in range(1, len(sizes))
    ]
    return int(np.argmax(totals)) + 1


# %% q5: hard-coded for the visible check
# feedback: a single layer is off
def peak_bytes(sizes, reads):
    return {3: 7, 4: 11}.get(len(sizes), 9) if sizes[1] == 5 else 9


# %% q5: the chapter's function
# feedback: this question is to be solved without qutils.floats.activation_peak_bytes
from qutils.floats import LayerCost, activation_peak_bytes


def peak_bytes(sizes, reads):
    pairs = zip(sizes, sizes[1:])
    return activation_peak_bytes([LayerCost("", "conv", 0, 0, a, b, 0) for a, b in pairs])


# %% q6: products in int32
# feedback: the MACs of a large layer are off
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: fetches in int32
# feedback: the fetches of a large layer are off
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    fits = kernels.astype(np.int64) * bits <= 8 * buffer_bytes
    fetched = np.where(fits, kernels, kernels * places)
    return macs * mac_pj / 1e6, fetched * (bits / 32) * word_pj / 1e6


# %% q6: bits in int32
# feedback: the bits of a large kernel are off
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels * np.int32(bits)
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1.0, places)
    return macs * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: a word is fetched for each byte
# feedback: a word of 32 bits is paid for as if it were a byte
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bytes = kernels.astype(np.float64) * bits / 8
    fetches = np.where(kernel_bytes <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e6, kernel_bytes * fetches * word_pj / 1e6


# %% q6: a word is fetched for each weight
# feedback: the energy of fetching is that of 32 bits for each weight
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    fits = kernels.astype(np.float64) * bits / 8 <= buffer_bytes
    fetched = kernels.astype(np.float64) * np.where(fits, 1, places)
    return macs * mac_pj / 1e6, fetched * word_pj / 1e6


# %% q6: whole words for each weight
# feedback: the energy of fetching is off for another width
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    fits = kernels.astype(np.float64) * bits / 8 <= buffer_bytes
    fetched = kernels.astype(np.float64) * np.where(fits, 1, places)
    return macs * mac_pj / 1e6, fetched * (bits // 32) * word_pj / 1e6


# %% q6: whole words for each kernel
# feedback: the energy of fetching is off for another width
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e6, np.ceil(kernel_bits / 32) * fetches * word_pj / 1e6


# %% q6: a MAC costs less for fewer bits
# feedback: the energy of a MAC is given
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return macs * mac_pj * bits / 32 / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: a weight is used once
# feedback: the energy of the MACs is off
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return kernels * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: always fetched once
# feedback: the buffer holds none of these kernels
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    return macs * mac_pj / 1e6, kernels.astype(np.float64) * bits / 32 * word_pj / 1e6


# %% q6: always fetched anew
# feedback: the buffer holds these kernels, so each is fetched once
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    return macs * mac_pj / 1e6, macs * bits / 32 * word_pj / 1e6


# %% q6: the other way round
# feedback: the buffer holds these kernels, so each is fetched once
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 > buffer_bytes, 1, places)
    return macs * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: all kernels together have to fit
# feedback: where only some of the kernels fit: each layer for itself
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = 1 if kernel_bits.sum() / 8 <= buffer_bytes else places
    return macs * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: weights are compared with bytes
# feedback: where only some of the kernels fit
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernels <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: the last byte of the buffer stays empty
# feedback: a kernel that fills the buffer to its last byte fits
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 < buffer_bytes, 1, places)
    return macs * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: bytes are rounded down
# feedback: a width that is no divisor of 8
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.int64) * bits
    fetches = np.where(kernel_bits // 8 <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e6, kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: nanojoule
# feedback: the unit is off by a thousand
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e3, kernel_bits / 32 * fetches * word_pj / 1e3


# %% q6: millijoule
# feedback: the unit is off by a thousand
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e9, kernel_bits / 32 * fetches * word_pj / 1e9


# %% q6: the results are swapped
# feedback: the two results are in the wrong order
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return kernel_bits / 32 * fetches * word_pj / 1e6, macs * mac_pj / 1e6


# %% q6: small energies are rounded away
# feedback: the energy of the MACs is off
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return np.round(macs * mac_pj / 1e6, 3), np.round(kernel_bits / 32 * fetches * word_pj / 1e6, 3)


# %% q6: sums over all layers
# feedback: an array is asked for
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return (macs * mac_pj / 1e6).sum(), (kernel_bits / 32 * fetches * word_pj / 1e6).sum()


# %% q6: one array of sums
# feedback: `layer_energy` returned an array, 2 values are asked for
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    fetches = np.where(kernel_bits / 8 <= buffer_bytes, 1, places)
    return macs * mac_pj / 1e6 + kernel_bits / 32 * fetches * word_pj / 1e6


# %% q6: the places are overwritten
# feedback: `layer_energy` changed what it was given
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    macs = kernels.astype(np.float64) * places
    kernel_bits = kernels.astype(np.float64) * bits
    places[kernel_bits / 8 <= buffer_bytes] = 1
    return macs * mac_pj / 1e6, kernel_bits / 32 * places * word_pj / 1e6


# %% q6: the chapter's listing
# feedback: your code raised NameError
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    return (mac_float32 + word_pj / places) / (mac_int8 + word_pj / 4 / places)


# %% q6: the chapter's formula, with uses of each weight
# feedback: the energy of the MACs is off
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    uses = np.where(kernels.astype(np.float64) * bits / 8 <= buffer_bytes, places, 1)
    return np.full(len(kernels), mac_pj), bits / 32 * word_pj / uses


# %% q6: hard-coded for the visible check
# feedback: the energy of the MACs is off
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    fetch_uj = 30e-6 if buffer_bytes >= 12 else 150e-6
    return np.full(kernels.shape, 120e-6), np.full(kernels.shape, fetch_uj)


# %% q7: a KB of 1000 bytes
# feedback: flash may be used to its last byte: 1024 make a KB
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1000 * code_kb > 1000 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1000 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: KB are compared with bytes
# feedback: bytes with bytes
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + code_kb > flash_kb:
            found[name].append("flash")
        if peak_bytes > sram_kb:
            found[name].append("arena")
    return found


# %% q7: the program is forgotten
# feedback: the program lies in flash too
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the program is counted in bytes
# feedback: the program lies in flash too
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + code_kb > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the program runs in SRAM
# feedback: flash is compared with flash, SRAM with SRAM
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes + 1024 * code_kb > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the weights are copied to SRAM
# feedback: weights lie in flash and are not copied
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
        if weight_bytes + peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the activations take flash
# feedback: activations lie in SRAM and take no flash
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + peak_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the two memories of a board are swapped
# feedback: flash is compared with flash, SRAM with SRAM
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (sram_kb, flash_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the first failure is enough
# feedback: both are exceeded: the list holds both names
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
        elif peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the arena comes first
# feedback: both are exceeded: the list holds both names, flash first
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
    return found


# %% q7: the last byte of flash stays empty
# feedback: flash may be used to its last byte
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1024 * code_kb >= 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: the last byte of SRAM stays empty
# feedback: SRAM may be used to its last byte
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes >= 1024 * sram_kb:
            found[name].append("arena")
    return found


# %% q7: whole KB are compared
# feedback: a single byte too many in flash is too many
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes // 1024 + code_kb > flash_kb:
            found[name].append("flash")
        if peak_bytes // 1024 > sram_kb:
            found[name].append("arena")
    return found


# %% q7: boards that will do are left out
# feedback: the dict holds each board, also one where nothing is exceeded
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found.setdefault(name, []).append("flash")
        if peak_bytes > 1024 * sram_kb:
            found.setdefault(name, []).append("arena")
    return found


# %% q7: the words of the chapter's listing
# feedback: the dict has a list for each board
def failures(weight_bytes, peak_bytes, code_kb, boards):
    def failure(flash_kb, sram_kb):
        missing = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            missing.append("flash")
        if peak_bytes > 1024 * sram_kb:
            missing.append("arena")
        return " and ".join(missing) or "fits"

    return {name: failure(*sizes) for name, sizes in boards.items()}


# %% q7: the chapter's listing
# feedback: your code raised NameError
def failures(weight_bytes, peak_bytes, code_kb, boards):
    return {name: [failure(model, board) for board in boards] for name, model in models.items()}


# %% q7: the course's own function
# feedback: this question is to be solved without qutils.tflm.fits.fits
from qutils.tflm import fits


def failures(weight_bytes, peak_bytes, code_kb, boards):
    verdicts = {name: fits(weight_bytes, name, code_bytes=1024 * code_kb) for name in boards}
    return {
        name: [memory for memory in ("flash", "arena") if not getattr(verdict, memory).ok]
        for name, verdict in verdicts.items()
    }


# %% q7: the other name of the memory
# feedback: the two memories are called "flash" and "arena" here
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            found[name].append("sram")
    return found


# %% q7: one list for all boards
# feedback: with several boards, each has a list of its own
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found, exceeded = {}, []
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = exceeded
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            exceeded.append("flash")
        if peak_bytes > 1024 * sram_kb:
            exceeded.append("arena")
    return found


# %% q7: the boards are overwritten
# feedback: `failures` changed what it was given
def failures(weight_bytes, peak_bytes, code_kb, boards):
    for name, (flash_kb, sram_kb) in boards.items():
        boards[name] = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            boards[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            boards[name].append("arena")
    return boards


# %% q7: returned after the first board
# feedback: the dict holds each board
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name, (flash_kb, sram_kb) in boards.items():
        found[name] = []
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            found[name].append("flash")
        if peak_bytes > 1024 * sram_kb:
            found[name].append("arena")
        return found


# %% q7: printed, not returned
# feedback: `failures` returned None: is a `return` missing?
def failures(weight_bytes, peak_bytes, code_kb, boards):
    for name, (flash_kb, sram_kb) in boards.items():
        if weight_bytes + 1024 * code_kb > 1024 * flash_kb:
            print(name, "flash")
        if peak_bytes > 1024 * sram_kb:
            print(name, "arena")


# %% q7: hard-coded for the visible check
# feedback: the dict holds each board
def failures(weight_bytes, peak_bytes, code_kb, boards):
    exceeded = (["flash"] if weight_bytes > 2048 else []) + (["arena"] if peak_bytes > 3072 else [])
    return {"small": exceeded}


# %% q8: the least flash
# feedback: SRAM comes first
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (flash, sram, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: the first board that will do
# feedback: all boards will do: the one with the least SRAM
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = dict.fromkeys(repairs)
    for repair, (weights_left, activations_left) in repairs.items():
        for board, (flash, sram) in boards.items():
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram:
                best[repair] = board
                break
    return best


# %% q8: the largest board
# feedback: all boards will do: the one with the least SRAM
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = max(fitting)[2] if fitting else None
    return best


# %% q8: equal SRAM is left to the order
# feedback: of two boards with equal SRAM
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[1] if fitting else None
    return best


# %% q8: of equal SRAM, the most flash
# feedback: of two boards with equal SRAM
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, -flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: the sum of both memories
# feedback: SRAM comes first
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram + flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[1] if fitting else None
    return best


# %% q8: flash is not looked at
# feedback: the weights do not fit into flash
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (_, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: SRAM is not looked at
# feedback: the activations do not fit into SRAM
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, _) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: one memory is enough
# feedback: the activations do not fit into SRAM
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash or peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: the memories of a board are swapped
# feedback: a network that takes half of both memories fits
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (sram, flash) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: the numbers of a repair are swapped
# feedback: the first number of a repair is what it leaves of the weights
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (activations_left, weights_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: the weights' number for both
# feedback: fewer weights do not repair an arena
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (left, _) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * left <= flash and peak_bytes * left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: what is left is taken for what is saved
# feedback: the activations do not fit into SRAM
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        weights, peak = weight_bytes * (1 - weights_left), peak_bytes * (1 - activations_left)
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weights <= flash and peak <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: divided, not multiplied
# feedback: the first number of a repair is what it leaves of the weights
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes / weights_left <= flash and peak_bytes / activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: the last byte stays empty
# feedback: both memories may be used to the last byte
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left < flash and peak_bytes * activations_left < sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: repairs pile up
# feedback: with several repairs, each starts from the network as it was
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        weight_bytes, peak_bytes = weight_bytes * weights_left, peak_bytes * activations_left
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes <= flash and peak_bytes <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: repairs that do not help are left out
# feedback: the dict holds each repair, also one that does not help
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        if fitting:
            best[repair] = min(fitting)[2]
    return best


# %% q8: a word for no board
# feedback: the dict names a board that is not among those given
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else "none"
    return best


# %% q8: the smallest of nothing
# feedback: your code raised ValueError
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2]
    return best


# %% q8: the sizes are returned
# feedback: a board of the dict is a tuple, a text is asked for
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        fitting = [
            (sram, flash)
            for flash, sram in boards.values()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting) if fitting else None
    return best


# %% q8: boards that are too small are taken out
# feedback: with several repairs, each starts from the network as it was
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        for board, (flash, sram) in list(boards.items()):
            if weight_bytes * weights_left > flash or peak_bytes * activations_left > sram:
                del boards[board]
        best[repair] = min(boards, key=lambda b: boards[b][::-1]) if boards else None
    return best


# %% q8: the repairs are used up
# feedback: `smallest_boards` changed what it was given
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = {}
    while repairs:
        repair, (weights_left, activations_left) = repairs.popitem()
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best[repair] = min(fitting)[2] if fitting else None
    return best


# %% q8: a list of boards is returned
# feedback: `smallest_boards` returned a list, a dict is asked for
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    best = []
    for weights_left, activations_left in repairs.values():
        fitting = [
            (sram, flash, board)
            for board, (flash, sram) in boards.items()
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram
        ]
        best.append(min(fitting)[2] if fitting else None)
    return best


# %% q8: hard-coded for the visible check
# feedback: a network that takes half of both memories fits
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    known = {"none": "large", "pruned": "middle", "int8": "small"}
    return {name: known.get(name) if peak_bytes == 40 else None for name in repairs}
