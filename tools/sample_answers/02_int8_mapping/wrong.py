"""Wrong answers to assignment 2, with mistakes that learners make."""

import numpy as np


# %% q1_answer
def scale_and_zero_point(values, bits=8):
    """Force the zero point into its range in place of widening the range to hold 0."""
    low, high = float(np.min(values)), float(np.max(values))
    if low == high:
        return 1.0, 0
    scale = (high - low) / (2**bits - 1)
    zero_point = round(-(2 ** (bits - 1)) - low / scale)
    return scale, int(np.clip(zero_point, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1))


# %% q2_answer
def round_away(x):
    """Take NumPy's rounding, which sends ties to the even neighbor."""
    return np.round(x)


# %% q3_answer
def to_int8(x, scale, zero_point):
    """Make it int8 before the zero point is added: the sum wraps."""
    q = np.clip(np.round(x / scale), -128, 127).astype(np.int8)
    return q + np.array(zero_point).astype(np.int8)


# %% q4_answer
def to_real(q, scale, zero_point):
    """Subtract in int8: the difference wraps."""
    return ((q - np.array(zero_point).astype(np.int8)) * scale).astype(np.float32)


# %% q5_answer
def stored_zero(low, high, bits):
    """Count as many gaps as values."""
    gap = (high - low) / 2**bits
    return low + round(-low / gap) * gap


# %% q6_answer
def channel_scales(weights, axis):
    """Reduce along the channels in place of everything else."""
    largest = np.abs(weights).max(axis=axis)
    return np.where(largest == 0, 1.0, largest / 127)


# %% q7_answer
def noise_ratio_db(x, approximation):
    """Take the signal's variance, which leaves its mean out."""
    noise = np.var(np.subtract(x, approximation))
    return 10 * np.log10(np.var(x) / noise) if noise > 0 else float("inf")


# %% q8_answer
def compare(weights, axis):
    """Lay the scales along the last axis whatever the axis is."""
    largest = np.abs(weights).max(axis=tuple(d for d in range(weights.ndim) if d != axis))
    results = []
    for scale in (np.abs(weights).max() / 127, np.resize(largest, weights.shape[-1]) / 127):
        error = weights - np.round(weights / scale) * scale
        results.append(10 * np.log10((weights**2).sum() / (error**2).sum()))
    return tuple(results)
