"""Correct answers to assignment 2 in the styles of five learners."""

import math


# %% q1: loops
def scale_and_zero_point(values, qmin, qmax):
    low = 0.0
    high = 0.0
    for value in values.flat:
        if value < low:
            low = float(value)
        if value > high:
            high = float(value)
    if high - low == 0:
        return 1.0, 0
    scale = (high - low) / (qmax - qmin)
    zero_point = qmin
    while (zero_point - qmin + 0.5) * scale < -low:
        zero_point += 1
    return scale, zero_point


# %% q2: loops
def to_int8(x, scale, zero_point, narrow_range):
    smallest = -128
    if narrow_range:
        smallest += 1
    q = np.zeros(x.shape, dtype=np.int8)
    for place in np.ndindex(x.shape):
        steps = abs(float(x[place]) / scale)
        whole = int(steps)
        if steps - whole >= 0.5:
            whole += 1
        if x[place] < 0:
            whole = -whole
        q[place] = max(smallest, min(127, whole + zero_point))
    return q


# %% q3: loops
def to_real(q, scale, zero_point):
    x = np.empty(q.shape, dtype=np.float32)
    for place in np.ndindex(q.shape):
        x[place] = (int(q[place]) - int(zero_point)) * scale
    return x


# %% q4: loops
def stored_zero(low, high, bits):
    gaps = 2**bits - 1
    nearest = low
    for k in range(gaps + 1):
        value = low + k * (high - low) / gaps
        if abs(value) < abs(nearest):
            nearest = value
    return nearest


# %% q5: loops
def rounding_biases(values):
    totals = [0.0, 0.0, 0.0, 0.0]
    for x in values:
        below = np.floor(x)
        part = x - below
        up = below if part < 0.5 else below + 1
        away = below if part == 0.5 and x < 0 else up
        even = below if part == 0.5 and below % 2 == 0 else up
        for way, rounded in enumerate((up, away, even, below)):
            totals[way] += rounded - x
    return [total / len(values) for total in totals]


# %% q6: loops
def per_channel(weights, axis):
    scales = np.ones(weights.shape[axis])
    q = np.zeros(weights.shape, dtype=np.int8)
    for c in range(weights.shape[axis]):
        here = (slice(None),) * axis + (c,)
        largest = max(abs(weights[here].min()), abs(weights[here].max()))
        if largest > 0:
            scales[c] = largest / 127
            q[here] = np.round(weights[here] / scales[c])
    return q, scales


# %% q7: loops
def channel_sqnr(x, approximation, axis):
    decibels = []
    for c in range(x.shape[axis]):
        here = (slice(None),) * axis + (c,)
        signal = noise = 0.0
        for a, b in zip(x[here].flat, approximation[here].flat):
            signal += a * a
            noise += (a - b) * (a - b)
        if noise == 0:
            decibels.append(float("inf"))
        elif signal == 0:
            decibels.append(float("-inf"))
        else:
            decibels.append(10 * np.log10(signal / noise))
    return np.array(decibels)


# %% q8: loops
def broken_code():
    values = [0.0]
    while not (averaged(values + [150.0], 1.0, 0)):
        values.append(0.0)
    return {
        "narrowed": (200.0, 1.0, 0),
        "clamped": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "averaged": (values + [150.0], 1.0, 0),
        "even": (2.5, 1.0, 0),
        "shifted": None,
    }


# %% q9: loops
def broken_sentences():
    answers = {"no_clamp": None, "four_times": None}
    answers["one_more_bit"] = ([0.0, 1.0, 2.0, 3.0], 2)
    answers["own_scales"] = [[127.0, 0.0, 0.0], [100.0, 3.0, 7.0]]
    answers["enough_decibels"] = [500.0]
    for _ in range(2000):
        answers["enough_decibels"].append(0.5)
    answers["fewer_bytes"] = (16, 16)
    return answers


# %% q1: plain Python
def scale_and_zero_point(values, qmin, qmax):
    numbers = values.ravel().tolist() + [0.0]
    low, high = min(numbers), max(numbers)
    scale = (high - low) / (qmax - qmin)
    return (scale, int(round(qmin - low / scale))) if scale else (1.0, 0)


# %% q2: plain Python
def to_int8(x, scale, zero_point, narrow_range):
    def one(value):
        steps = value / scale
        nearest = math.floor(steps + 0.5) if steps > 0 else math.ceil(steps - 0.5)
        return sorted([-127 if narrow_range else -128, nearest + zero_point, 127])[1]

    return np.array([one(v) for v in x.ravel().tolist()], dtype=np.int8).reshape(x.shape)


# %% q3: plain Python
def to_real(q, scale, zero_point):
    reals = [(n - int(zero_point)) * scale for n in q.ravel().tolist()]
    return np.array(reals, dtype=np.float32).reshape(q.shape)


# %% q4: plain Python
def stored_zero(low, high, bits):
    gap = (high - low) / (2**bits - 1)
    return min((low + k * gap for k in range(2**bits)), key=abs)


# %% q5: plain Python
def rounding_biases(values):
    numbers = values.tolist()
    ways = (
        lambda x: math.floor(x + 0.5),
        lambda x: math.copysign(math.floor(abs(x) + 0.5), x),
        round,
        math.floor,
    )
    return tuple(sum(way(x) - x for x in numbers) / len(numbers) for way in ways)


# %% q6: plain Python
def per_channel(weights, axis):
    channels = [weights.take(c, axis) for c in range(weights.shape[axis])]
    scales = [max(map(abs, channel.ravel().tolist())) / 127 or 1.0 for channel in channels]
    q = [np.array([round(w / s) for w in c.ravel().tolist()]) for c, s in zip(channels, scales)]
    rows = [n.reshape(c.shape).astype(np.int8) for n, c in zip(q, channels)]
    return np.stack(rows, axis=axis), np.array(scales)


# %% q7: plain Python
def channel_sqnr(x, approximation, axis):
    def decibels(a, b):
        noise = sum((p - q) ** 2 for p, q in zip(a, b))
        signal = sum(p**2 for p in a)
        if not noise:
            return math.inf
        return 10 * math.log10(signal / noise) if signal else -math.inf

    channels = range(x.shape[axis])
    pairs = [(x.take(c, axis).ravel(), approximation.take(c, axis).ravel()) for c in channels]
    return np.array([decibels(a.tolist(), b.tolist()) for a, b in pairs])


# %% q8: plain Python
def broken_code():
    names = ("narrowed", "clamped", "averaged", "even", "shifted")
    found = ((1.3, 0.01, 100), (10, 11), ([-300, *range(-99, 99)], 2, 0), (-2.5, 1, -7), None)
    return dict(zip(names, found))


# %% q9: plain Python
def broken_sentences():
    return dict(
        one_more_bit=((-4, -3, -2, -1, 0, 1, 2, 3), 3),
        own_scales=((127, 127), (5, 1)),
        enough_decibels=[100] + 50 * [0.1, -0.1],
        no_clamp=None,
        fewer_bytes=(3, 3),
        four_times=None,
    )


# %% q1: float32
def scale_and_zero_point(values, qmin, qmax):
    values = np.asarray(values, dtype=np.float32)
    low = np.minimum(values.min(), np.float32(0))
    high = np.maximum(values.max(), np.float32(0))
    if not high > low:
        return np.float32(1), np.int32(0)
    scale = (high - low) / np.float32(qmax - qmin)
    return scale, np.int32(np.rint(np.float32(qmin) - low / scale))


# %% q2: float32
def to_int8(x, scale, zero_point, narrow_range):
    steps = x.astype(np.float32) / np.float32(scale)
    rounded = np.trunc(steps + np.copysign(np.float32(0.5), steps))
    q = np.minimum(np.maximum(rounded + np.float32(zero_point), -128 + int(narrow_range)), 127)
    return q.astype(np.int8)


# %% q3: float32
def to_real(q, scale, zero_point):
    return (q.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


# %% q4: float32
def stored_zero(low, high, bits):
    grid = np.linspace(low, high, num=2**bits, dtype=np.float32)
    return grid[np.argmin(grid**2)]


# %% q5: float32
def rounding_biases(values):
    x = values.astype(np.float32)
    half = np.float32(0.5)
    ways = np.array(
        [np.floor(x + half), np.trunc(x + np.copysign(half, x)), np.around(x), np.floor(x)]
    )
    return np.mean(ways - x, axis=1, dtype=np.float32)


# %% q6: float32
def per_channel(weights, axis):
    w = np.moveaxis(weights.astype(np.float32), axis, -1)
    scales = np.abs(w).reshape(-1, w.shape[-1]).max(axis=0) / np.float32(127)
    scales[scales == 0] = 1
    q = np.clip(np.round(w / scales), -127, 127).astype(np.int8)
    return np.moveaxis(q, -1, axis), scales


# %% q7: float32
def channel_sqnr(x, approximation, axis):
    a = np.moveaxis(x, axis, 0).astype(np.float32)
    b = np.moveaxis(approximation, axis, 0).astype(np.float32)
    result = np.full(len(a), np.inf, dtype=np.float32)
    for c in range(len(a)):
        if (a[c] != b[c]).any():
            noise, signal = np.square(a[c] - b[c]).sum(), np.square(a[c]).sum()
            result[c] = 10 * (np.log10(signal) - np.log10(noise))
    return result


# %% q8: float32
def broken_code():
    return {
        "narrowed": (np.float32(64), np.float32(0.5), 0),
        "clamped": np.array([-9, -8], dtype=np.float32),
        "averaged": (np.array([-140.0] + [3.0] * 99, dtype=np.float32), np.float32(1), 1),
        "even": (np.float32(0.25), np.float32(0.5), 5),
        "shifted": None,
    }


# %% q9: float32
def broken_sentences():
    coarse = np.arange(16, dtype=np.float32)
    rows = np.float32([[127, 0], [64, 1]])
    outlier = np.ones(5000, dtype=np.float32) * np.float32(0.3)
    outlier[0] = -300
    return {
        "one_more_bit": [coarse, 4],
        "own_scales": rows,
        "enough_decibels": outlier,
        "no_clamp": None,
        "fewer_bytes": [np.int32(40), np.int32(20)],
        "four_times": None,
    }


# %% q1: in few lines
def scale_and_zero_point(values, qmin, qmax):
    low, high = np.min(values, initial=0.0), np.max(values, initial=0.0)
    scale = (high - low) / (qmax - qmin) or 1.0
    return float(scale), int(np.rint(qmin - low / scale)) if low < high else 0


# %% q2: in few lines
def to_int8(x, scale, zero_point, narrow_range):
    away = np.copysign(np.floor(np.abs(x / scale) + 0.5), x)
    return (away + zero_point).clip(narrow_range - 128, 127).astype("int8")


# %% q3: in few lines
def to_real(q, scale, zero_point):
    return np.float32(scale * (q.astype(float) - float(zero_point)))


# %% q4: in few lines
def stored_zero(low, high, bits):
    return sorted(np.linspace(low, high, 1 << bits), key=abs)[0]


# %% q5: in few lines
def rounding_biases(values):
    ways = np.floor(values + 0.5), -np.floor(0.5 - values), np.rint(values), np.floor(values)
    ways[1][values > 0] = ways[0][values > 0]
    return np.mean(ways, axis=1) - np.mean(values)


# %% q6: in few lines
def per_channel(weights, axis):
    order = np.moveaxis(weights, axis, 0)
    s = np.array([max(c.max(), -c.min()) / 127 or 1.0 for c in order])
    return np.moveaxis(np.array([c / d for c, d in zip(order, s)]).round(), 0, axis).astype("i1"), s


# %% q7: in few lines
def channel_sqnr(x, approximation, axis):
    energy = lambda a: np.einsum("cn,cn->c", *[np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1)] * 2)
    signal, noise = energy(x), energy(x - approximation)
    return np.where(noise > 0, 10 * np.log10(signal / noise), np.inf)


# %% q8: in few lines
def broken_code():
    ties = {"narrowed": (-129, 1, 0), "even": (0.5, 1, 0)}
    return ties | {"clamped": [5, 6], "averaged": ([128, 0, 0], 1, 0), "shifted": None}


# %% q9: in few lines
def broken_sentences():
    layer, true = (1, 1), None
    return {"one_more_bit": ([1, 3], 2), "own_scales": [[127, 0], [3, 1]], "no_clamp": true,
            "enough_decibels": [1e6] + [1e3] * 9999, "fewer_bytes": layer, "four_times": true}  # fmt: skip


# %% q1: other formulas
def scale_and_zero_point(values, qmin, qmax):
    high = max(0.0, float(values.max()))
    width = high + max(0.0, float((-values).max()))
    if width == 0.0:
        return 1.0, 0
    steps_per_unit = (qmax - qmin) / width
    return 1 / steps_per_unit, qmax - int(np.floor(high * steps_per_unit + 0.5))


# %% q2: other formulas
def to_int8(x, scale, zero_point, narrow_range):
    below, part = np.divmod(np.abs(np.asarray(x, dtype=np.float64)) / scale, 1.0)
    steps = (below + (2 * part >= 1)) * np.sign(x)
    lower = -127 - zero_point if narrow_range else -128 - zero_point
    return (np.clip(steps, lower, 127 - zero_point) + zero_point).astype(np.int8)


# %% q3: other formulas
def to_real(q, scale, zero_point):
    first = -128 if q.dtype == np.int8 else 0
    table = np.array([(n - int(zero_point)) * scale for n in range(first, first + 256)])
    return table.astype(np.float32)[q.astype(np.int16) - first]


# %% q4: other formulas
def stored_zero(low, high, bits):
    gap = (high - low) / (2**bits - 1)
    return low + gap * np.floor(0.5 - low / gap)


# %% q5: other formulas
def rounding_biases(values):
    whole = np.floor(values)
    part = values - whole
    tie = part == 0.5
    base = np.where(part > 0.5, 1 - part, -part)
    down = -part.mean()
    up = (base + tie).mean()
    away = (base + (tie & (values > 0))).mean()
    even = (base + (tie & (np.mod(whole, 2) != 0))).mean()
    return np.array([up, away, even, down])


# %% q6: other formulas
def per_channel(weights, axis):
    rows = np.swapaxes(weights, 0, axis)
    limits = np.linalg.norm(rows.reshape(len(rows), -1), ord=np.inf, axis=1)
    alive = limits != 0
    inverse = np.divide(127, limits, out=np.zeros(len(rows)), where=alive)
    q = np.rint(rows * np.expand_dims(inverse, tuple(range(1, rows.ndim))))
    return np.swapaxes(q, 0, axis).astype(np.int8), np.where(alive, limits / 127, 1)


# %% q7: other formulas
def channel_sqnr(x, approximation, axis):
    def loudness(a):
        rows = np.swapaxes(a, 0, axis).reshape(a.shape[axis], -1)
        with np.errstate(divide="ignore"):
            return 20 * np.log10(np.sqrt(np.mean(rows * rows, axis=1)))

    noise = loudness(x - approximation)
    silent = np.isneginf(noise)
    return np.where(silent, np.inf, loudness(x) - np.where(silent, 0.0, noise))


# %% q8: other formulas
def broken_code():
    step = 1 / 64
    clipped = [0.0] * 999 + [2.1]
    return {
        "narrowed": (2.1, step, 0),
        "clamped": [1000.0, 1000.5, 1001.0],
        "averaged": (clipped, step, 0),
        "even": (-0.5 * step, step, 0),
        "shifted": None,
    }


# %% q9: other formulas
def broken_sentences():
    grid = [k / 8 for k in range(-4, 4)]
    return {
        "one_more_bit": (grid, 3),
        "own_scales": [[12.7, -0.1], [0.0, 0.0], [0.3, 0.2]],
        "enough_decibels": [300.0] + [n / 1000 for n in range(500)],
        "no_clamp": None,
        "fewer_bytes": (2 * 10**8, 10**8),
        "four_times": None,
    }
