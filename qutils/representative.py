"""Whether a representative data set will calibrate a network well: what really hurts, in words.

Few samples, samples of one class, noise and single outliers hardly cost accuracy. What does: inputs
that are not scaled as in training, inputs without variation, inputs that show too little of the
range, and a channel whose unit differs from the others'.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.affine import choose_quant_params_from_range
from qutils.calibration import MinMax

__all__ = ["Finding", "check_representative_dataset"]

# A range this many times as wide as in training is another scaling, not a rare value: the
# smallest mistake of the kind, [-1, 1] for [0, 1], doubles the width; 255 for 1 is frequent.
TOO_WIDE = 4.0
# Values beyond a calibrated range saturate; half of it missing is no accident of the sample.
TOO_NARROW = 0.5
# A channel that gets fewer integers than four bits have.
FEW_STEPS = 16
# Whole numbers up to here may be classes, counts or one-hot codes; beyond, raw sensor values.
WHOLE_NUMBERS = 16


@dataclass(frozen=True)
class Finding:
    """One thing that will hurt.

    Attributes
    ----------
    kind
        Which of the four.
    where
        "all samples", or the channels.
    message
        A sentence that says what was found, where, and what to do.
    """

    kind: Literal["unnormalized", "constant", "narrow", "units"]
    where: str
    message: str


def check_representative_dataset(
    samples: Iterable[ArrayLike],
    *,
    trained_range: tuple[float, float] | None = None,
    axis: int | None = -1,
    bits: int = 8,
) -> list[Finding]:
    """Look for what makes a network that is calibrated with these samples inaccurate.

    Parameters
    ----------
    samples
        Inputs as for `qutils.convert.to_tflite`: an array (N, ...) or an iterable of arrays, each
        one an input or a batch. They are read once, and none is kept.
    trained_range
        Least and largest value of the inputs that the network was trained with, if known. Without
        it a range that is too narrow cannot be told, and missing scaling only from whole numbers.
    axis
        Dimension of a sample that holds the channels (sensors, colors), or None for none. It must
        be counted from the end if samples and batches are mixed.
    bits
        Of the quantized input.

    Returns
    -------
    list of Finding
        Empty where nothing was found. In the order unnormalized, constant, narrow, units.

    Raises
    ------
    CalibrationError
        There are no samples, or one is empty, lacks `axis`, has another number of channels than
        the first, or holds NaN or infinity.
    ValueError
        `bits` outside 2..16, or a `trained_range` without width.

    Notes
    -----
    *Unnormalized*: the samples' range is more than 4 times as wide as `trained_range`; or, without
    one, all values are whole numbers and some exceed 16. *Constant*: all values are equal.
    *Narrow*: the samples cover less than half of `trained_range`. *Units*: min-max calibration of
    the whole input leaves a channel that is not constant fewer than 16 integers.

    Examples
    --------
    Images, scaled and not:

    >>> images = np.arange(256.0).reshape(4, 8, 8, 1)
    >>> check_representative_dataset(images / 255, trained_range=(0, 1))
    []
    >>> print(check_representative_dataset(images)[0].message)
    All samples hold whole numbers, from 0 to 255, as pixels and sensors give them: scale them as
    the inputs were scaled in training.
    """
    if trained_range is not None and not trained_range[0] < trained_range[1]:
        raise ValueError(f"trained_range must be (low, high) with low < high, got {trained_range}")
    channels, whole = MinMax(axis=axis, bits=bits), True
    for sample in samples:
        values = np.asarray(sample)
        channels.update(values)
        whole = whole and bool((values == np.rint(values)).all())
    low, high = channels.limits()
    ends = float(low.min()), float(high.max())
    if ends[0] == ends[1]:
        return [_constant(ends[0])]
    findings = [
        _unnormalized(ends, trained_range, whole),
        _narrow(ends, trained_range),
        _units(low, high, bits),
    ]
    return [finding for finding in findings if finding is not None]


def _constant(value: float) -> Finding:
    message = (
        f"All samples hold nothing but {value:.4g}, so no activation shows its range: give real "
        "inputs, and look at how they were loaded."
    )
    return Finding("constant", "all samples", message)


def _unnormalized(
    ends: tuple[float, float], trained: tuple[float, float] | None, whole: bool
) -> Finding | None:
    reach = f"from {ends[0]:.4g} to {ends[1]:.4g}"
    if trained is not None:
        ratio = (ends[1] - ends[0]) / (trained[1] - trained[0])
        if ratio <= TOO_WIDE:
            return None
        message = (
            f"All samples together reach {reach}, {ratio:.3g} times as wide as the inputs in "
            f"training ({trained[0]:.4g} to {trained[1]:.4g}): scale them as in training."
        )
    elif whole and max(-ends[0], ends[1]) > WHOLE_NUMBERS:
        message = (
            f"All samples hold whole numbers, {reach}, as pixels and sensors give them: scale "
            "them as the inputs were scaled in training."
        )
    else:
        return None
    return Finding("unnormalized", "all samples", message)


def _narrow(ends: tuple[float, float], trained: tuple[float, float] | None) -> Finding | None:
    if trained is None:
        return None
    shown = min(ends[1], trained[1]) - max(ends[0], trained[0])
    share = max(shown, 0.0) / (trained[1] - trained[0])
    if share >= TOO_NARROW:
        return None
    message = (
        f"All samples together reach from {ends[0]:.4g} to {ends[1]:.4g} and show {share:.0%} of "
        f"the range in training ({trained[0]:.4g} to {trained[1]:.4g}), and what lies beyond "
        "will saturate: add samples with small and with large values, or scale them as in training."
    )
    return Finding("narrow", "all samples", message)


def _units(low: NDArray[np.float64], high: NDArray[np.float64], bits: int) -> Finding | None:
    scale = float(choose_quant_params_from_range(low.min(), high.max(), bits=bits).scale)
    steps = (high - low) / scale
    (starved,) = np.nonzero((steps < FEW_STEPS) & (high > low))
    if not len(starved):
        return None
    numbers = ", ".join(str(channel) for channel in starved[:8])
    more = f" and {len(starved) - 8} more" if len(starved) > 8 else ""
    widest = int(np.argmax(steps))
    where = f"channel{'s' if len(starved) > 1 else ''} {numbers}{more}"
    message = (
        f"One scale serves all channels; its {2**bits - 1} steps leave as few as "
        f"{steps[starved].min():.2g} to {where} of {len(low)}, and {steps[widest]:.0f} to channel "
        f"{widest}: divide each channel by its own standard deviation, in training and here."
    )
    return Finding("units", where, message)
