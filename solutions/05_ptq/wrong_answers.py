"""Wrong answers that learners give to assignment 5, and what each is told."""

from pathlib import Path

import numpy as np

# %% q1: the batches before are forgotten
# feedback: a calm batch must not narrow the range
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    return np.stack([flat.min(axis=0), flat.max(axis=0)])

# %% q1: the range starts at 0
# feedback: 0 belongs to no range unless it was seen
def observe(seen, batch):
    if seen is None:
        seen = np.zeros((2, batch.shape[-1]))
    flat = batch.reshape(-1, batch.shape[-1])
    low = np.minimum(seen[0], flat.min(axis=0))
    high = np.maximum(seen[1], flat.max(axis=0))
    return np.stack([low, high])

# %% q1: the range is widened to hold 0
# feedback: 0 belongs to no range unless it was seen
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1])
    low, high = np.minimum(flat.min(axis=0), 0.0), np.maximum(flat.max(axis=0), 0.0)
    if seen is not None:
        low, high = np.minimum(low, seen[0]), np.maximum(high, seen[1])
    return np.stack([low, high]).astype(float)

# %% q1: one range for the whole tensor
# feedback: an array of 1 dimension
def observe(seen, batch):
    low, high = float(batch.min()), float(batch.max())
    if seen is not None:
        low, high = min(low, seen[0]), max(high, seen[1])
    return np.array([low, high])

# %% q1: only the first dimension is reduced
# feedback: `observe` returned an array of 4 dimensions, 2 asked for
def observe(seen, batch):
    ends = np.stack([batch.min(axis=0), batch.max(axis=0)]).astype(float)
    if seen is not None:
        ends = np.stack([np.minimum(seen[0], ends[0]), np.maximum(seen[1], ends[1])])
    return ends

# %% q1: the rows are swapped
# feedback: row 0 holds the least values
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    if seen is not None:
        flat = np.concatenate([seen, flat])
    return np.stack([flat.max(axis=0), flat.min(axis=0)])

# %% q1: the ends of the batches are averaged
# feedback: a calm batch must not narrow the range
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    ends = np.stack([flat.min(axis=0), flat.max(axis=0)])
    return ends if seen is None else (seen + ends) / 2

# %% q1: magnitudes, as for a symmetric range
# feedback: the first batch: the least and the largest value of each channel
def observe(seen, batch):
    flat = np.abs(batch.reshape(-1, batch.shape[-1]).astype(float))
    high = flat.max(axis=0)
    if seen is not None:
        high = np.maximum(high, seen[1])
    return np.stack([-high, high])

# %% q1: what was seen is changed in place
# feedback: changed what it was given
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    if seen is None:
        return np.stack([flat.min(axis=0), flat.max(axis=0)])
    seen[0] = np.minimum(seen[0], flat.min(axis=0))
    seen[1] = np.maximum(seen[1], flat.max(axis=0))
    return seen.copy()

# %% q1: what was seen is changed and returned
# feedback: `observe` returned its argument or a view of it
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    if seen is None:
        seen = np.stack([flat[0], flat[0]])
    np.minimum(seen[0], flat.min(axis=0), out=seen[0])
    np.maximum(seen[1], flat.max(axis=0), out=seen[1])
    return seen

# %% q1: the upper end is never widened
# feedback: a wild batch must widen the range, at both ends
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    low, high = flat.min(axis=0), flat.max(axis=0)
    return np.stack([low, high] if seen is None else [np.minimum(low, seen[0]), seen[1]])

# %% q1: the result has the sensor's integers
# feedback: float is asked for
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1])
    low, high = flat.min(axis=0), flat.max(axis=0)
    if seen is not None:
        low, high = np.minimum(low, seen[0]), np.maximum(high, seen[1])
    return np.stack([low, high])

# %% q1: a tuple of lists
# feedback: returned a tuple, an array is asked for
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    if seen is not None:
        flat = np.concatenate([seen, flat])
    return flat.min(axis=0).tolist(), flat.max(axis=0).tolist()

# %% q1: the `return` is missing
# feedback: is a `return` missing?
def observe(seen, batch):
    flat = batch.reshape(-1, batch.shape[-1]).astype(float)
    if seen is not None:
        flat = np.concatenate([seen, flat])
    ends = np.stack([flat.min(axis=0), flat.max(axis=0)])

# %% q1: the numbers of the visible check
# feedback: row 0 holds the least values, row 1 the largest
def observe(seen, batch):
    if seen is None:
        return np.resize([1.0, -6.0, 4.0, -2.0], (2, batch.shape[-1]))
    return np.array([[1.0, -7.0], [5.0, 0.0]])

# %% q1: the observer of qutils
# feedback: to be solved without qutils.calibration.MinMax
def observe(seen, batch):
    from qutils.calibration import MinMax

    observer = MinMax(axis=-1)
    if seen is not None:
        observer.update(seen)
    observer.update(batch)
    return np.stack(observer.limits())

# %% q1: the book's observer for one range
# feedback: your code raised AttributeError
def observe(self, rows, low=0.0, high=0.0):
    if self._channels:
        low = self.momentum * self._low + (1 - self.momentum) * low
        high = self.momentum * self._high + (1 - self.momentum) * high
    self._low, self._high = low, high

# %% q2: nothing is left where nothing is to be cut
# feedback: your code raised IndexError
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)[cut:-cut]
    return min(float(kept[0]), 0.0), max(float(kept[-1]), 0.0)

# %% q2: the range is not widened
# feedback: values above 0: the range must be widened
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)
    return float(kept[cut]), float(kept[len(kept) - 1 - cut])

# %% q2: widened at the lower end only
# feedback: values below 0: the range must be widened
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)
    return min(float(kept[cut]), 0.0), float(kept[len(kept) - 1 - cut])

# %% q2: widened before the values are cut
# feedback: values above 0: widen the range that is left
def trimmed_range(values, cut):
    kept = np.sort(np.append(values, 0.0))
    return float(kept[cut]), float(kept[len(kept) - 1 - cut])

# %% q2: one value too many is cut at the upper end
# feedback: cut = 0 leaves nothing out
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)
    return min(float(kept[cut]), 0.0), max(float(kept[len(kept) - 2 - cut]), 0.0)

# %% q2: the cut counts both ends together
# feedback: so many values at each end, no more and no fewer
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)
    half = cut // 2
    return min(float(kept[half]), 0.0), max(float(kept[len(kept) - 1 - half]), 0.0)

# %% q2: only the largest values are cut
# feedback: so many values at each end, no more and no fewer
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)
    return min(float(kept[0]), 0.0), max(float(kept[len(kept) - 1 - cut]), 0.0)

# %% q2: the largest magnitudes are cut
# feedback: so many values at each end, no more and no fewer
def trimmed_range(values, cut):
    flat = np.ravel(values)
    kept = flat[np.argsort(np.abs(flat))][: len(flat) - cut]
    return min(float(kept.min()), 0.0), max(float(kept.max()), 0.0)

# %% q2: a percentile, which interpolates
# feedback: so many values at each end, no more and no fewer
def trimmed_range(values, cut):
    percent = 100 * cut / np.size(values)
    low, high = np.percentile(values, [percent, 100 - percent])
    return min(float(low), 0.0), max(float(high), 0.0)

# %% q2: equal values count once
# feedback: equal values count as often as they occur
def trimmed_range(values, cut):
    kept = np.unique(values)
    return min(float(kept[cut]), 0.0), max(float(kept[len(kept) - 1 - cut]), 0.0)

# %% q2: sorted in place
# feedback: changed what it was given
def trimmed_range(values, cut):
    kept = values.reshape(-1)
    kept.sort()
    return min(float(kept[cut]), 0.0), max(float(kept[len(kept) - 1 - cut]), 0.0)

# %% q2: only the last dimension is sorted
# feedback: your code raised IndexError
def trimmed_range(values, cut):
    kept = np.sort(values)
    return np.minimum(kept[cut], 0.0), np.maximum(kept[len(kept) - 1 - cut], 0.0)

# %% q2: the width is returned
# feedback: returned a float, 2 values are asked for
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)
    return max(float(kept[len(kept) - 1 - cut]), 0.0) - min(float(kept[cut]), 0.0)

# %% q2: high before low
# feedback: cut = 0 leaves nothing out
def trimmed_range(values, cut):
    kept = np.sort(values, axis=None)
    return max(float(kept[len(kept) - 1 - cut]), 0.0), min(float(kept[cut]), 0.0)

# %% q2: the numbers of the visible check
# feedback: cut = 0 leaves nothing out
def trimmed_range(values, cut):
    return [(-50.0, 90.0), (-1.0, 7.0), (0.0, 3.0)][min(cut, 2)]

# %% q2: the observer of qutils
# feedback: to be solved without qutils.calibration.Percentile
def trimmed_range(values, cut):
    from qutils.calibration import Percentile

    observer = Percentile(percent=100 - 200 * cut / np.size(values))
    observer.update(values)
    low, high = (float(end[0]) for end in observer.limits())
    return min(low, 0.0), max(high, 0.0)

# %% q3: the largest value, as min-max takes it
# feedback: clipping a few values costs less than coarse steps
def least_error_end(values, bits):
    return float(np.max(values))

# %% q3: what saturates is not counted
# feedback: another end has less error
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        inside = values[values <= end]
        step = end / (2**bits - 1)
        errors.append(np.sum((np.round(inside / step) * step - inside) ** 2))
    return float(ends[np.argmin(errors)])

# %% q3: what lies beyond the end is not clipped
# feedback: another end has less error
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / (2**bits - 1)
        errors.append(np.sum((np.round(values / step) * step - values) ** 2))
    return float(ends[np.argmin(errors)])

# %% q3: only what saturates is counted
# feedback: clipping a few values costs less than coarse steps
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = [np.sum((np.minimum(values, end) - values) ** 2) for end in ends]
    return float(ends[np.argmin(errors)])

# %% q3: absolute errors
# feedback: another end has less error
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / (2**bits - 1)
        stored = np.round(np.minimum(values, end) / step) * step
        errors.append(np.sum(np.abs(stored - values)))
    return float(ends[np.argmin(errors)])

# %% q3: the largest error
# feedback: another end has less error
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / (2**bits - 1)
        stored = np.round(np.minimum(values, end) / step) * step
        errors.append(np.max(np.abs(stored - values)))
    return float(ends[np.argmin(errors)])

# %% q3: as many steps as values that can be stored
# feedback: another end has less error
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / 2**bits
        stored = np.minimum(np.round(values / step), 2**bits - 1) * step
        errors.append(np.sum((stored - values) ** 2))
    return float(ends[np.argmin(errors)])

# %% q3: the steps of a symmetric range
# feedback: another end has less error
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / (2 ** (bits - 1) - 1)
        stored = np.round(np.minimum(values, end) / step) * step
        errors.append(np.sum((stored - values) ** 2))
    return float(ends[np.argmin(errors)])

# %% q3: rounded down
# feedback: another end has less error
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / (2**bits - 1)
        stored = np.floor(np.minimum(values, end) / step) * step
        errors.append(np.sum((stored - values) ** 2))
    return float(ends[np.argmin(errors)])

# %% q3: ready for 8 bits only
# feedback: clipping a few values costs less than coarse steps
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / 255
        stored = np.round(np.minimum(values, end) / step) * step
        errors.append(np.sum((stored - values) ** 2))
    return float(ends[np.argmin(errors)])

# %% q3: the share in place of the end
# feedback: none of the hundred ends
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors = []
    for end in ends:
        step = end / (2**bits - 1)
        stored = np.round(np.minimum(values, end) / step) * step
        errors.append(np.sum((stored - values) ** 2))
    return (int(np.argmin(errors)) + 1) / 100

# %% q3: the least error in place of its end
# feedback: none of the hundred ends
def least_error_end(values, bits):
    errors = []
    for end in np.max(values) * np.arange(1, 101) / 100:
        step = end / (2**bits - 1)
        stored = np.round(np.minimum(values, end) / step) * step
        errors.append(np.sum((stored - values) ** 2))
    return float(min(errors))

# %% q3: clipped in place
# feedback: changed what it was given
def least_error_end(values, bits):
    ends = np.max(values) * np.arange(1, 101) / 100
    errors, original = [], values.copy()
    for end in ends[::-1]:
        step = end / (2**bits - 1)
        np.minimum(values, end, out=values)
        errors.append(np.sum((np.round(values / step) * step - original) ** 2))
    return float(ends[::-1][np.argmin(errors)])

# %% q3: a percentile in place of the search
# feedback: none of the hundred ends
def least_error_end(values, bits):
    return float(np.percentile(values, 99.9))

# %% q3: the numbers of the visible check
# feedback: none of the hundred ends
def least_error_end(values, bits):
    return 3.0 if bits == 2 else 4.0

# %% q3: the observer of qutils
# feedback: to be solved without qutils.calibration.MseOptimal
def least_error_end(values, bits):
    from qutils.calibration import MseOptimal

    observer = MseOptimal(bits=bits)
    observer.update(values)
    return float(observer.limits()[1][0])

# %% q3: written for a flat array
# feedback: your code raised
def least_error_end(values, bits):
    best, least = 0.0, float("inf")
    for percent in range(1, 101):
        end = max(values) * percent / 100
        step = end / (2**bits - 1)
        error = sum((round(min(v, end) / step) * step - v) ** 2 for v in values)
        if error < least:
            best, least = float(end), error
    return best

# %% q4: sizes in place of deviations
# feedback: gravity adds a constant
def unit_factors(samples, deviations):
    axes = tuple(range(samples.ndim - 1))
    ratio = np.sqrt(np.mean(samples.astype(float) ** 2, axis=axes)) / deviations
    factors = np.array(FACTORS)
    return factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: the ends in place of deviations
# feedback: a few spikes are no other unit
def unit_factors(samples, deviations):
    centered = samples - samples.mean(axis=tuple(range(samples.ndim - 1)))
    # The largest of a few hundred normal values is about three deviations.
    ratio = np.abs(centered).max(axis=tuple(range(samples.ndim - 1))) / 3 / deviations
    factors = np.array(FACTORS)
    return factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: variances in place of deviations
# feedback: each channel is compared with its own deviation
def unit_factors(samples, deviations):
    ratio = np.var(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations
    factors = np.array(FACTORS)
    return factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: nearest as a difference
# feedback: compare logarithms, not differences
def unit_factors(samples, deviations):
    ratio = np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations
    factors = np.array(FACTORS)
    return factors[np.abs(ratio[:, None] - factors).argmin(axis=1)]

# %% q4: the ratio upside down
# feedback: each channel is compared with its own deviation
def unit_factors(samples, deviations):
    ratio = deviations / np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float)
    factors = np.array(FACTORS)
    return factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: one deviation for all channels
# feedback: each channel is compared with its own deviation
def unit_factors(samples, deviations):
    ratio = np.std(samples, dtype=float) / np.asarray(deviations, dtype=float)
    factors = np.array(FACTORS)
    return factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: only the first dimension is reduced
# feedback: your code raised
def unit_factors(samples, deviations):
    ratio = np.std(samples, axis=0, dtype=float) / deviations
    factors = np.array(FACTORS)
    return np.array([factors[np.abs(np.log(r / factors)).argmin()] for r in ratio])

# %% q4: the places in place of the factors
# feedback: float is asked for
def unit_factors(samples, deviations):
    ratio = np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations
    return np.abs(np.log(ratio[:, None] / np.array(FACTORS))).argmin(axis=1)

# %% q4: the ratios themselves
# feedback: an entry is no entry of FACTORS
def unit_factors(samples, deviations):
    return np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations

# %% q4: one factor for all channels
# feedback: `unit_factors` returned a float, an array is asked for
def unit_factors(samples, deviations):
    ratios = np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations
    ratio = float(np.exp(np.mean(np.log(ratios))))
    return float(min(FACTORS, key=lambda f: abs(np.log(ratio / f))))

# %% q4: the samples are divided in place
# feedback: changed what it was given
def unit_factors(samples, deviations):
    samples /= np.asarray(deviations, dtype=samples.dtype)
    ratio = np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float)
    factors = np.array(FACTORS)
    return factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: a list
# feedback: returned a list, an array is asked for
def unit_factors(samples, deviations):
    ratio = np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations
    return [min(FACTORS, key=lambda f: abs(np.log(r / f))) for r in ratio]

# %% q4: radians are forgotten
# feedback: each channel is compared with its own deviation
def unit_factors(samples, deviations):
    ratio = np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations
    factors = np.array([1.0, 9.80665, 1000.0])
    return factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: the factor is returned that would repair the channel
# feedback: an entry is no entry of FACTORS
def unit_factors(samples, deviations):
    ratio = np.std(samples, axis=tuple(range(samples.ndim - 1)), dtype=float) / deviations
    factors = np.array(FACTORS)
    return 1 / factors[np.abs(np.log(ratio[:, None] / factors)).argmin(axis=1)]

# %% q4: the numbers of the visible check
# feedback: each channel is compared with its own deviation
def unit_factors(samples, deviations):
    return np.full(len(deviations), 9.80665)

# %% q5: epsilon is forgotten
# feedback: epsilon is added to the variance
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 + g2

# %% q5: epsilon is added to the deviation
# feedback: epsilon is added to the variance
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / (np.sqrt(n["variance"]) + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 + g2

# %% q5: divided by the variance
# feedback: divide by its square root
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / (n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 + g2

# %% q5: the mean behind is forgotten
# feedback: the mean behind: it is subtracted
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1 = before["beta"] - before["mean"] * f1
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 + after["beta"]

# %% q5: the mean behind is added
# feedback: the mean behind: it is subtracted
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] + after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 + g2

# %% q5: the mean behind is not scaled
# feedback: the mean is scaled, beta is not
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1 = before["beta"] - before["mean"] * f1
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 - after["mean"] + after["beta"]

# %% q5: beta is scaled
# feedback: the mean is scaled, beta is not
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1 = before["beta"] - before["mean"] * f1
    sums = g1 @ kernel + bias
    return f1[:, None] * kernel * f2, (sums - after["mean"] + after["beta"]) * f2

# %% q5: the old bias is not scaled
# feedback: the gamma behind
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel) * f2 + bias + g2

# %% q5: the old bias is dropped
# feedback: two norms that do nothing must change nothing
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel) * f2 + g2

# %% q5: magnitudes of gamma
# feedback: the gamma behind
def fold(before, kernel, bias, after):
    f1, f2 = (np.abs(n["gamma"]) / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 + g2

# %% q5: the norm in front is not folded
# feedback: the factor in front
def fold(before, kernel, bias, after):
    f2 = after["gamma"] / np.sqrt(after["variance"] + after["epsilon"])
    return kernel * f2, (bias - after["mean"]) * f2 + after["beta"]

# %% q5: the shift in front is lost
# feedback: the shift in front
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g2 = after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, bias * f2 + g2

# %% q5: the shift in front goes through the new kernel
# feedback: both norms at once
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    new_kernel = f1[:, None] * kernel * f2
    return new_kernel, g1 @ new_kernel + bias * f2 + g2

# %% q5: the shift in front is not scaled by the norm behind
# feedback: both norms at once
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, g1 @ kernel + bias * f2 + g2

# %% q5: the norms are exchanged
# feedback: your code raised ValueError
def fold(after, kernel, bias, before):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    return f1[:, None] * kernel * f2, (g1 @ kernel + bias) * f2 + g2

# %% q5: the kernel is changed in place
# feedback: changed what it was given
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    g1, g2 = before["beta"] - before["mean"] * f1, after["beta"] - after["mean"] * f2
    new_bias = (g1 @ kernel + bias) * f2 + g2
    kernel *= f1[:, None] * f2
    return kernel.copy(), new_bias

# %% q5: the kernel alone is returned
# feedback: returned an array, 2 values are asked for
def fold(before, kernel, bias, after):
    f1, f2 = (n["gamma"] / np.sqrt(n["variance"] + n["epsilon"]) for n in (before, after))
    return f1[:, None] * kernel * f2

# %% q5: the numbers of the visible check
# feedback: look at its shape
def fold(before, kernel, bias, after):
    return np.array([6.0]), np.array([-6.5])

# %% q5: the book's listing, for the norm behind
# feedback: your code raised TypeError
def fold(kernel, bias, *, gamma, beta, mean, variance, epsilon):
    factor = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    columns = kernel.reshape(-1, len(factor)) * factor
    folded_bias = (bias - mean) * factor + beta
    return columns.reshape(kernel.shape).astype(np.float32), folded_bias.astype(np.float32)

# %% q5: the function of qutils for the norm behind
# feedback: to be solved without qutils.folding.fold_batch_norm
def fold(before, kernel, bias, after):
    from qutils.folding import fold_batch_norm

    f1 = before["gamma"] / np.sqrt(before["variance"] + before["epsilon"])
    g1 = before["beta"] - before["mean"] * f1
    return fold_batch_norm(f1[:, None] * kernel, g1 @ kernel + bias, **after)

# %% q6: without the square root
# feedback: the ranges on both sides of a channel
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.where(alive, makes, 1) / np.where(alive, reads, 1)
    return first / factor[:, None], bias / factor, second * factor[:, None]

# %% q6: the factor upside down
# feedback: the ranges on both sides of a channel
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, reads, 1) / np.where(alive, makes, 1))
    return first / factor[:, None], bias / factor, second * factor[:, None]

# %% q6: both ranges are to become their mean
# feedback: the network has changed
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    mean = np.where(alive, (makes + reads) / 2, 1)
    makes, reads = np.where(alive, makes, 1), np.where(alive, reads, 1)
    return first * (mean / makes)[:, None], bias * mean / makes, second * (mean / reads)[:, None]

# %% q6: both layers are divided
# feedback: the network has changed
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor[:, None], bias / factor, second / factor[:, None]

# %% q6: the reading layer stays as it was
# feedback: returned its argument
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor[:, None], bias / factor, second

# %% q6: the bias is forgotten
# feedback: the bias makes the channel, too
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor[:, None], bias.copy(), second * factor[:, None]

# %% q6: the bias is multiplied
# feedback: the bias makes the channel, too
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor[:, None], bias * factor, second * factor[:, None]

# %% q6: the largest weights, not magnitudes
# feedback: as magnitudes, must be equal afterwards
def equalize_pair(first, bias, second):
    makes, reads = first.max(axis=(0, 1, 3)), second.max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor[:, None], bias / factor, second * factor[:, None]

# %% q6: ranges of deviations
# feedback: the ranges on both sides of a channel
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).mean(axis=(0, 1, 3)), np.abs(second).mean(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor[:, None], bias / factor, second * factor[:, None]

# %% q6: one factor for the whole layer
# feedback: the ranges on both sides of a channel
def equalize_pair(first, bias, second):
    factor = np.sqrt(np.abs(first).max() / np.abs(second).max())
    return first / factor, bias / factor, second * factor

# %% q6: the reading kernel by its last axis
# feedback: your code raised ValueError
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 2))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor[:, None], bias / factor, second * factor

# %% q6: the factors lie along the wrong axis
# feedback: an array that is too long along axis 3
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    alive = (makes > 0) & (reads > 0)
    factor = np.sqrt(np.where(alive, makes, 1) / np.where(alive, reads, 1))
    return first / factor, bias / factor, second * factor[:, None]

# %% q6: dead channels divide by 0
# feedback: a dead channel must give no infinity
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    factor = np.sqrt(makes / reads)
    return first / factor[:, None], bias / factor, second * factor[:, None]

# %% q6: a tiny number against dead channels
# feedback: a dead channel keeps its weights and bias
def equalize_pair(first, bias, second):
    makes, reads = np.abs(first).max(axis=(0, 1, 3)), np.abs(second).max(axis=(0, 1, 3))
    factor = np.sqrt((makes + 1e-12) / (reads + 1e-12))
    return first / factor[:, None], bias / factor, second * factor[:, None]

# %% q6: the weights are changed in place
# feedback: changed what it was given
def equalize_pair(first, bias, second):
    for c in range(len(bias)):
        makes, reads = np.abs(first[:, :, c]).max(), np.abs(second[0, 0, c]).max()
        factor = np.sqrt(makes / reads) if makes and reads else 1.0
        first[:, :, c] /= factor
        bias[c] /= factor
        second[0, 0, c] *= factor
    return first.copy(), bias.copy(), second.copy()

# %% q6: the factors alone
# feedback: 3 values are asked for
def equalize_pair(first, bias, second):
    return np.sqrt(np.abs(first).max(axis=(0, 1, 3)) / np.abs(second).max(axis=(0, 1, 3)))

# %% q6: the numbers of the visible check
# feedback: along axis
def equalize_pair(first, bias, second):
    first, second = np.array([4.0, 4.0]), np.array([4.0, -4.0])
    return first.reshape(1, 1, 2, 1), np.array([0.0, 8.0]), second.reshape(1, 1, 2, 1)

# %% q6: the function of qutils
# feedback: to be solved without qutils.repair.equalize
def equalize_pair(first, bias, second):
    from qutils.repair import equalize

    made = Linear("made", "depthwise", first, bias, relu=True)
    read = Linear("read", "conv", second, np.zeros(second.shape[-1], np.float32))
    pair = equalize(Network((*first.shape[:2], len(bias)), (made, read))).linear
    return pair[0].kernel, pair[0].bias, pair[1].kernel

# %% q6: the book's listing
# feedback: your code raised TypeError
def equalize_pair(network):
    network.check_folded()
    pairs = list(_pairs(network))
    kernels = {layer.name: layer.columns.astype(np.float64) for layer in network.linear}
    scales = {layer.name: np.ones(layer.channels) for layer in network.linear}
    for first, second in pairs:
        rows = kernels[second.name].reshape(-1, first.channels, second.kernel.shape[-1])
        s = _factors(np.abs(kernels[first.name]).max(axis=0), np.abs(rows).max(axis=(0, 2)))
        scales[first.name] *= s
    return divide_channels(network, {first.name: scales[first.name] for first, _ in pairs})

# %% q7: all error so far
# feedback: this is all error so far
def guilty_layer(exact, rounded, x):
    own, wanted, found = [], x, x
    for true, quantized in zip(exact, rounded):
        wanted, found = run_layer(true, wanted), run_layer(quantized, found)
        own.append(sqnr_db(wanted, found))
    return int(np.argmin(own)), own

# %% q7: both layers get the float network's inputs
# feedback: both layers get the very inputs that the rounded layer got
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        wanted = run_layer(true, x)
        own.append(sqnr_db(wanted, run_layer(quantized, x)))
        x = wanted
    return int(np.argmin(own)), own

# %% q7: reference and approximation exchanged
# feedback: the float output is the reference
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        found = run_layer(quantized, x)
        own.append(sqnr_db(found, run_layer(true, x)))
        x = found
    return int(np.argmin(own)), own

# %% q7: all layers get the network's input
# feedback: your code raised ValueError
def guilty_layer(exact, rounded, x):
    own = [sqnr_db(run_layer(t, x), run_layer(q, x)) for t, q in zip(exact, rounded)]
    return int(np.argmin(own)), own

# %% q7: the layer with the largest SQNR
# feedback: the guilty layer is that with the least SQNR
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        found = run_layer(quantized, x)
        own.append(sqnr_db(run_layer(true, x), found))
        x = found
    return int(np.argmax(own)), own

# %% q7: counted from 1
# feedback: counted from 0
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        found = run_layer(quantized, x)
        own.append(sqnr_db(run_layer(true, x), found))
        x = found
    return int(np.argmin(own)) + 1, own

# %% q7: the first layer that has lost much
# feedback: the guilty layer is that with the least SQNR
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        found = run_layer(quantized, x)
        own.append(sqnr_db(run_layer(true, x), found))
        x = found
    return next(place for place, db in enumerate(own) if db < 60), own

# %% q7: the name of the layer
# feedback: the index of `guilty_layer` is a text
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        found = run_layer(quantized, x)
        own.append(sqnr_db(run_layer(true, x), found))
        x = found
    return exact[int(np.argmin(own))]["name"], own

# %% q7: the mean squared error in place of the SQNR
# feedback: the first layer
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        found = run_layer(quantized, x)
        own.append(float(np.mean((run_layer(true, x) - found) ** 2)))
        x = found
    return int(np.argmax(own)), own

# %% q7: twenty times the logarithm
# feedback: the first layer
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        wanted, found = run_layer(true, x), run_layer(quantized, x)
        own.append(float(20 * np.log10(np.sum(wanted**2) / np.sum((wanted - found) ** 2))))
        x = found
    return int(np.argmin(own)), own

# %% q7: the weights are compared, not the outputs
# feedback: the first layer
def guilty_layer(exact, rounded, x):
    own = [sqnr_db(t["kernel"], q["kernel"]) for t, q in zip(exact, rounded)]
    return int(np.argmin(own)), own

# %% q7: the index alone
# feedback: returned an int, 2 values are asked for
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact, rounded):
        found = run_layer(quantized, x)
        own.append(sqnr_db(run_layer(true, x), found))
        x = found
    return int(np.argmin(own))

# %% q7: the last layer is left out
# feedback: too short along axis 0
def guilty_layer(exact, rounded, x):
    own = []
    for true, quantized in zip(exact[:-1], rounded):
        found = run_layer(quantized, x)
        own.append(sqnr_db(run_layer(true, x), found))
        x = found
    return int(np.argmin(own)), own

# %% q7: the lists are emptied
# feedback: changed what it was given
def guilty_layer(exact, rounded, x):
    own = []
    while exact:
        true, quantized = exact.pop(0), rounded.pop(0)
        found = run_layer(quantized, x)
        own.append(sqnr_db(run_layer(true, x), found))
        x = found
    return int(np.argmin(own)), own

# %% q7: the numbers of the visible check
# feedback: too short along axis 0
def guilty_layer(exact, rounded, x):
    return 0, [20.0, float("inf")]

# %% q7: prints much, and returns nothing
# feedback: is a `return` missing?
def guilty_layer(exact, rounded, x):
    for true, quantized in zip(exact, rounded):
        for row in range(2000):
            print(true["name"], row, "of the layer is compared")

# %% q8: the file was not handed in
# feedback: hand in the file model.tflite with the notebook
# files: model.tflite=
model_content = Path("model.tflite").read_bytes()

# %% q8: the name of the file in place of its content
# feedback: `model_content` is a text, bytes are asked for
model_content = "model.tflite"

# %% q8: the path in place of the content
# feedback: bytes are asked for
model_content = Path("model.tflite")

# %% q8: the content as an array
# feedback: bytes are asked for
model_content = np.fromfile("model.tflite", np.uint8)

# %% q8: the file was cut off
# feedback: no whole .tflite file
model_content = Path("model.tflite").read_bytes()[:30000]

# %% q8: nothing is in the file
# feedback: no whole .tflite file
model_content = Path("model.tflite").read_bytes()[:0]

# %% q8: read as text, and written as another one
# feedback: no whole .tflite file
model_content = Path("model.tflite").read_text("latin-1").encode("utf-8")

# %% q8: a float file
# feedback: demand 1: there are float tensors
# files: model.tflite=float.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: the mode "dynamic", made for phones
# feedback: does it mix float arithmetic with smaller weights?
# files: model.tflite=dynamic.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: a scale for each channel, as the converter likes it
# feedback: demand 2: a tensor has a scale for each channel
# files: model.tflite=per_channel.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: one scale, and no repair
# feedback: demand 5: too few images are answered correctly
# files: model.tflite=collapsed.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: calibrated with gray values from 0 to 255
# feedback: demand 4: the input's scale
# files: model.tflite=raw_units.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: calibrated with images that were not found, all zeros
# feedback: demand 4: the input's scale
# files: model.tflite=zeros.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: net A, which has no channels of unequal size
# feedback: demand 6: the outputs are not those of net B
# files: model.tflite=net_a.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: the wrist network
# feedback: demand 6: another network
# files: model.tflite=wrist.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: net B without its trained weights
# feedback: demand 5: too few images are answered correctly
# files: model.tflite=untrained.tflite
model_content = Path("model.tflite").read_bytes()

# %% q8: a network of larger layers
# feedback: demand 3: the file is too large
# files: model.tflite=too_large.tflite
model_content = Path("model.tflite").read_bytes()
