"""Correct answers to assignment 7, written in five other ways."""

import math
from pathlib import Path

import numpy as np


# %% q1: loops
def through_grid(x, low, high, bits):
    if low > 0:
        low = 0.0
    if high < 0:
        high = 0.0
    scale = (high - low) / (2**bits - 1)
    below = math.floor(-low / scale + 0.5)
    result = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        steps = math.floor(x[place] / scale + 0.5)
        steps = max(-below, min(2**bits - 1 - below, steps))
        result[place] = steps * scale
    return result


# %% q2: loops
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (2**bits - 1)
    below = math.floor(-low / scale + 0.5)
    by_x, by_low, by_high = np.zeros(x.shape), 0.0, 0.0
    for place in np.ndindex(x.shape):
        if x[place] < -below * scale:
            by_low += upstream[place]
        elif x[place] > (2**bits - 1 - below) * scale:
            by_high += upstream[place]
        else:
            by_x[place] = upstream[place]
    return by_x, by_low, by_high


# %% q3: loops
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    folded, bias = np.zeros(kernel.shape), np.zeros(len(gamma))
    for channel in range(len(gamma)):
        factor = gamma[channel] / math.sqrt(variance[channel] + epsilon)
        folded[..., channel] = kernel[..., channel] * factor
        bias[channel] = beta[channel] - mean[channel] * factor
    largest = max(abs(float(weight)) for weight in folded.ravel())
    scale = largest / (2 ** (bits - 1) - 1)
    for place in np.ndindex(folded.shape):
        folded[place] = math.floor(folded[place] / scale + 0.5) * scale
    for channel in range(len(gamma)):
        step = scale * input_scale
        bias[channel] = math.floor(bias[channel] / step + 0.5) * step
    return folded, bias


# %% q4: loops
def log_scale_gradients(upstream, kernel, log_scales, bits):
    q = 2 ** (bits - 1) - 1
    result = []
    for channel, logarithm in enumerate(log_scales):
        s = math.exp(logarithm)
        weights, arriving = kernel[..., channel].ravel(), upstream[..., channel].ravel()
        total = 0.0
        for w, g in zip(weights, arriving):
            v = w / s
            if v >= q:
                total += g * q
            elif v <= -q:
                total -= g * q
            else:
                total += g * (math.floor(v + 0.5) - v)
        result.append(total * s / math.sqrt(len(weights) * q))
    return np.array(result)


# %% q5: loops
def train_step(weights, scale, inputs, targets, rate, bits):
    q = 2 ** (bits - 1) - 1
    rounded = np.zeros(weights.shape)
    for place in np.ndindex(weights.shape):
        rounded[place] = max(-q, min(q, math.floor(weights[place] / scale + 0.5))) * scale
    error = inputs @ rounded - targets
    new, by_scale = weights.copy(), 0.0
    for k, m in np.ndindex(weights.shape):
        gradient = sum(2 * error[n, m] * inputs[n, k] for n in range(len(inputs))) / error.size
        v = weights[k, m] / scale
        if abs(v) < q:
            new[k, m] -= rate * gradient
            by_scale += gradient * (rounded[k, m] / scale - v)
        else:
            by_scale += gradient * math.copysign(q, v)
    return new, scale - rate * by_scale


# %% q6: loops
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    q = 2 ** (bits - 1) - 1

    def on_grid(values):
        return np.array([max(-q, min(q, math.floor(v / scale + 0.5))) * scale for v in values])

    def loss(values):
        return sum((inputs[n] @ values - targets[n]) ** 2 for n in range(len(inputs)))

    w = weights.copy()
    best = on_grid(w)
    for step in range(steps):
        rounded = on_grid(w)
        if loss(rounded) < loss(best):
            best = rounded
        gradient = 2 * inputs.T @ (inputs @ rounded - targets) / len(inputs)
        w -= rate * (steps - step) / steps * gradient
    return best


# %% q7: loops
def against_control(qat, runs):
    for run in runs:
        same = True
        for key in ("start", "epochs", "optimizer", "rate", "images"):
            same = same and run[key] == qat[key]
        if same and run["weight_bits"] == 32:
            break
    d = [int(a) - int(b) for a, b in zip(qat["right"], run["right"])]
    mean = sum(d) / len(d)
    variance = sum((value - mean) ** 2 for value in d) / (len(d) - 1)
    return run["name"], 100 * mean, 100 * math.sqrt(variance / len(d))


# %% q8: loops
with open("qat.tflite", "rb") as file:
    model_content = file.read()


# %% q1: compact
def through_grid(x, low, high, bits):
    s = (max(high, 0) - min(low, 0)) / (2**bits - 1)
    first = -np.rint(-min(low, 0) / s)
    return s * np.rint(np.clip(x / s, first, first + 2**bits - 1))


# %% q2: compact
def through_grid_backward(upstream, x, low, high, bits):
    s = (max(high, 0) - min(low, 0)) / (2**bits - 1)
    first = -np.rint(-min(low, 0) / s) * s
    side = np.sign(x - np.clip(x, first, first + (2**bits - 1) * s))
    return upstream * (side == 0), upstream[side < 0].sum(), upstream[side > 0].sum()


# %% q3: compact
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    f = gamma * (variance + epsilon) ** -0.5
    s = np.abs(kernel * f).max() / (2 ** (bits - 1) - 1)
    return s * np.rint(kernel * f / s), s * input_scale * np.rint((beta - mean * f) / (s * input_scale))


# %% q4: compact
def log_scale_gradients(upstream, kernel, log_scales, bits):
    q = 2 ** (bits - 1) - 1
    v = (kernel * np.exp(-log_scales)).reshape(-1, len(log_scales))
    slope = np.clip(np.rint(v), -q, q) - v * (abs(v) < q)
    return np.exp(log_scales) * (upstream.reshape(v.shape) * slope).sum(0) / (len(v) * q) ** 0.5


# %% q5: compact
def train_step(weights, scale, inputs, targets, rate, bits):
    q = 2 ** (bits - 1) - 1
    v = weights / scale
    n, inside = np.clip(np.rint(v), -q, q), abs(v) < q
    g = 2 / targets.size * inputs.T @ (scale * inputs @ n - targets)
    return np.where(inside, weights - rate * g, weights), scale - rate * (g * (n - v * inside)).sum()


# %% q6: compact
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    q, w, seen = 2 ** (bits - 1) - 1, weights + 0, []
    for k in range(steps):
        seen.append(scale * np.clip(np.rint(w / scale), -q, q))
        pull = 2 / len(inputs) * inputs.T @ (inputs @ seen[-1] - targets)
        w = np.clip(w - rate * (1 + np.cos(np.pi * k / steps)) / 2 * pull, -q * scale, q * scale)
    return min(seen, key=lambda found: np.sum((inputs @ found - targets) ** 2))


# %% q7: compact
def against_control(qat, runs):
    def training(run):
        return [run[key] for key in ("start", "epochs", "optimizer", "rate", "images")]

    (control,) = (r for r in runs if r["weight_bits"] == 32 and training(r) == training(qat))
    d = np.subtract(qat["right"], control["right"], dtype=float)
    return control["name"], 100 * d.mean(), 100 * d.std(ddof=1) / len(d) ** 0.5


# %% q8: compact
model_content = open("qat.tflite", "rb").read()


# %% q1: in integers with a zero point
def through_grid(x, low, high, bits):
    ends = np.array([low, 0.0, high])
    scale = np.ptp(ends) / (2**bits - 1)
    zero_point = np.round(-ends.min() / scale).astype(int)
    q = np.round(x / scale).astype(int) + zero_point
    q[q < 0] = 0
    q[q > 2**bits - 1] = 2**bits - 1
    return (q - zero_point) * scale


# %% q2: in integers with a zero point
def through_grid_backward(upstream, x, low, high, bits):
    ends = np.array([low, 0.0, high])
    scale = np.ptp(ends) / (2**bits - 1)
    place = x / scale + np.round(-ends.min() / scale)  # 0 is the first step of the grid
    by_x = upstream.copy()
    by_x[(place < -1e-9) | (place > 2**bits - 1 + 1e-9)] = 0
    lost = upstream - by_x
    return by_x, float(lost[place < 1].sum()), float(lost[place > 1].sum())


# %% q3: in integers with a zero point
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    deviation = np.sqrt(variance + epsilon)
    rows = kernel.reshape(-1, kernel.shape[-1]) / deviation * gamma
    weight_scale = max(rows.max(), -rows.min()) / (2 ** (bits - 1) - 1)
    weights = np.round(rows / weight_scale).astype(np.int64)
    bias_scale = input_scale * weight_scale
    bias = np.round((beta - gamma * mean / deviation) / bias_scale).astype(np.int64)
    return (weights * weight_scale).reshape(kernel.shape), bias * bias_scale


# %% q4: in integers with a zero point
def log_scale_gradients(upstream, kernel, log_scales, bits):
    most = 2 ** (bits - 1) - 1
    scales = np.exp(log_scales)
    integers = np.round(kernel / scales)
    integers = np.maximum(np.minimum(integers, most), -most)
    # The derivative of s * n by ln s is s * n; that of the weight inside, w, goes off it.
    inside = (kernel < most * scales) & (kernel > -most * scales)
    moved = upstream * (integers * scales - np.where(inside, kernel, 0))
    count = kernel[..., 0].size
    return np.einsum("kc->c", moved.reshape(count, -1)) / np.sqrt(count * most)


# %% q5: in integers with a zero point
def train_step(weights, scale, inputs, targets, rate, bits):
    most = 2 ** (bits - 1) - 1
    integers = np.minimum(np.maximum(np.round(weights / scale), -most), most)
    arriving = 2 * (inputs @ integers * scale - targets) / np.prod(targets.shape)
    upstream = np.einsum("nk,nm->km", inputs, arriving)
    saturated = (weights >= most * scale) | (weights <= -most * scale)
    slopes = integers - np.where(saturated, 0, weights / scale)
    new_weights = weights - rate * np.where(saturated, 0, upstream)
    return new_weights, scale - rate * np.vdot(upstream, slopes)


# %% q6: in integers with a zero point
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    # No training: try each weight one step up and down, as long as that helps.
    most = 2 ** (bits - 1) - 1
    integers = np.clip(np.round(weights / scale), -most, most)

    def loss(candidate):
        return np.mean((inputs @ candidate * scale - targets) ** 2)

    improved = True
    while improved:
        improved = False
        for place in range(len(integers)):
            for step in (-1, 1):
                candidate = integers.copy()
                candidate[place] = np.clip(candidate[place] + step, -most, most)
                if loss(candidate) < loss(integers):
                    integers, improved = candidate, True
    return integers * scale


# %% q7: in integers with a zero point
def against_control(qat, runs):
    wanted = {**qat, "weight_bits": 32, "name": None, "right": None}
    control = next(run for run in runs if {**run, "name": None, "right": None} == wanted)
    ours, theirs = qat["right"], control["right"]
    gained, lost = int(np.sum(ours & ~theirs)), int(np.sum(theirs & ~ours))
    n = len(ours)
    variance = (gained + lost) / n - ((gained - lost) / n) ** 2
    return control["name"], (gained - lost) / n * 100, 100 * np.sqrt(variance / n)


# %% q8: in integers with a zero point
model_content = np.fromfile("qat.tflite", dtype=np.uint8).tobytes()


# %% q1: in float32
def through_grid(x, low, high, bits):
    values = x.astype(np.float32)
    low, high = np.float32(min(low, 0)), np.float32(max(high, 0))
    scale = (high - low) / np.float32(2**bits - 1)
    below = np.round(-low / scale)
    steps = np.round(values / scale)
    return np.maximum(np.minimum(steps, 2**bits - 1 - below), -below) * scale


# %% q2: in float32
def through_grid_backward(upstream, x, low, high, bits):
    low, high = np.float32(min(low, 0)), np.float32(max(high, 0))
    scale = (high - low) / np.float32(2**bits - 1)
    below = np.round(-low / scale)
    values = x.astype(np.float32)
    under, over = values < -below * scale, values > (2**bits - 1 - below) * scale
    by_x = np.where(under | over, np.float32(0), upstream.astype(np.float32))
    return by_x, np.sum(upstream, where=under), np.sum(upstream, where=over)


# %% q3: in float32
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    kernel, gamma, beta, mean, variance = (
        array.astype(np.float32) for array in (kernel, gamma, beta, mean, variance)
    )
    factor = gamma / np.sqrt(variance + np.float32(epsilon))
    kernel, bias = kernel * factor, beta - mean * factor
    scale = np.abs(kernel).max() / np.float32(2 ** (bits - 1) - 1)
    step = np.float32(input_scale) * scale
    return np.round(kernel / scale) * scale, np.round(bias / step) * step


# %% q4: in float32
def log_scale_gradients(upstream, kernel, log_scales, bits):
    q = np.float32(2 ** (bits - 1) - 1)
    scales = np.exp(log_scales.astype(np.float32))
    v = kernel.astype(np.float32) / scales
    slope = np.select([v >= q, v <= -q], [q, -q], np.round(v) - v)
    axes = tuple(range(v.ndim - 1))
    sums = np.sum(upstream.astype(np.float32) * slope, axis=axes)
    return sums * scales / np.sqrt(np.float32(np.prod(v.shape[:-1])) * q)


# %% q5: in float32
def train_step(weights, scale, inputs, targets, rate, bits):
    w, x, t = (array.astype(np.float32) for array in (weights, inputs, targets))
    q, s = np.float32(2 ** (bits - 1) - 1), np.float32(scale)
    rounded = np.clip(np.round(w / s), -q, q)
    difference = x @ (rounded * s) - t
    upstream = 2 * x.T @ difference / np.float32(difference.size)
    free = np.abs(w) < q * s
    by_scale = np.sum(upstream * (rounded - free * w / s))
    return w - np.float32(rate) * free * upstream, s - np.float32(rate) * by_scale


# %% q6: in float32
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    q, s = 2 ** (bits - 1) - 1, np.float32(scale)
    w, x, t = (array.astype(np.float32) for array in (weights, inputs, targets))
    best = on_grid = np.clip(np.round(w / s), -q, q) * s
    for left in range(steps, 0, -1):
        w = w - np.float32(rate * left / steps) * 2 * (x @ on_grid - t) @ x / len(x)
        on_grid = np.clip(np.round(w / s), -q, q) * s
        if np.square(x @ on_grid - t).sum() < np.square(x @ best - t).sum():
            best = on_grid
    return best


# %% q7: in float32
def against_control(qat, runs):
    about = ("start", "epochs", "optimizer", "rate", "images")
    floats = [run for run in runs if run["weight_bits"] == 32]
    control = [run for run in floats if tuple(map(run.get, about)) == tuple(map(qat.get, about))][0]
    d = np.array(qat["right"], np.float32) - np.array(control["right"], np.float32)
    mean, error = d.mean(), np.sqrt(d.var() / np.float32(d.size))
    return control["name"], float(100 * mean), float(100 * error)


# %% q8: in float32
with Path("qat.tflite").open("rb") as file:
    model_content = b"".join(iter(lambda: file.read(4096), b""))


# %% q1: by a table of the grid
def through_grid(x, low, high, bits):
    low, high = min(0, low), max(0, high)
    scale = (high - low) / (2**bits - 1)
    grid = (np.arange(2**bits) - round(-low / scale)) * scale
    return grid[np.abs(x[..., np.newaxis] - grid).argmin(axis=-1)]


# %% q2: by a table of the grid
def through_grid_backward(upstream, x, low, high, bits):
    low, high = min(0, low), max(0, high)
    scale = (high - low) / (2**bits - 1)
    grid = (np.arange(2**bits) - round(-low / scale)) * scale
    clipped = np.clip(x, grid[0], grid[-1])
    below, above = clipped > x, clipped < x
    by_x = np.where(clipped == x, upstream, 0.0)
    return by_x, np.sum(upstream * below), np.sum(upstream * above)


# %% q3: by a table of the grid
def device_weights(kernel, gamma, beta, mean, variance, epsilon, input_scale, bits):
    factor = gamma / (variance + epsilon) ** 0.5
    folded = np.multiply(kernel, factor)
    q = 2 ** (bits - 1) - 1
    grid = np.linspace(-1, 1, 2 * q + 1) * np.abs(folded).max()
    nearest = np.abs(folded[..., None] - grid).argmin(axis=-1)
    step = (grid[q + 1] - grid[q]) * input_scale
    bias = beta - factor * mean
    low = np.floor(bias / step) * step
    return grid[nearest], np.where(bias - low < step / 2, low, low + step)


# %% q4: by a table of the grid
def log_scale_gradients(upstream, kernel, log_scales, bits):
    q, channels = 2 ** (bits - 1) - 1, len(log_scales)
    gradients = np.empty(channels)
    for c in range(channels):
        scale = np.e ** log_scales[c]
        v = kernel[..., c].flatten() / scale
        nearest = np.arange(-q, q + 1)[np.abs(v[:, None] - np.arange(-q, q + 1)).argmin(axis=1)]
        slope = nearest - np.where(np.abs(v) > q, 0, v)
        gradients[c] = scale * (slope @ upstream[..., c].flatten()) / np.sqrt(v.size) / np.sqrt(q)
    return gradients


# %% q5: by a table of the grid
def train_step(weights, scale, inputs, targets, rate, bits):
    q = 2 ** (bits - 1) - 1
    grid = np.arange(-q, q + 1) * scale
    rounded = grid[np.abs(weights[..., None] - grid).argmin(axis=-1)]
    by_output = 2 * (inputs @ rounded - targets) / targets.shape[0] / targets.shape[1]
    by_rounded = inputs.T @ by_output
    by_weights = by_rounded.copy()
    by_weights[np.abs(weights) >= grid[-1]] = 0
    # What does not reach the weights goes to the end; the rest, less the weight itself.
    by_scale = (by_rounded * rounded - by_weights * weights).sum() / scale
    return weights - rate * by_weights, scale - rate * by_scale


# %% q6: by a table of the grid
def train_on_grid(weights, inputs, targets, scale, bits, rate, steps):
    q = 2 ** (bits - 1) - 1
    grid = np.arange(-q, q + 1) * scale
    current = weights.copy()
    best, least = None, math.inf
    for step in range(2 * steps):  # twice as long
        rounded = grid[np.abs(current[:, None] - grid).argmin(axis=1)]
        rest = inputs @ rounded - targets
        if rest @ rest < least:
            best, least = rounded, rest @ rest
        current -= rate * 0.97**step * 2 / len(rest) * (rest @ inputs)
    return best


# %% q7: by a table of the grid
def against_control(qat, runs):
    table = {
        (r["start"], r["epochs"], r["optimizer"], r["rate"], r["images"]): r
        for r in runs
        if r["weight_bits"] == 32
    }
    control = table[qat["start"], qat["epochs"], qat["optimizer"], qat["rate"], qat["images"]]
    values, counts = np.unique(1 * qat["right"] - 1 * control["right"], return_counts=True)
    shares = counts / counts.sum()
    mean = values @ shares
    variance = (values - mean) ** 2 @ shares
    return control["name"], 100 * mean, 100 * (variance / counts.sum()) ** 0.5


# %% q8: by a table of the grid
model_content = memoryview(Path("qat.tflite").read_bytes()).tobytes()
