"""What all calibration observers share: their options, the checks, and how a range is used."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.affine import QuantParams, choose_quant_params_from_range
from qutils.errors import CalibrationError
from qutils.values import real_values

__all__ = ["Ends", "Observer"]

Ends = NDArray[np.float64]


@dataclass(kw_only=True, eq=False)
class Observer(ABC):
    """What all observers share.

    Parameters
    ----------
    bits, symmetric, narrow_range
        As for `qutils.affine.choose_quant_params`.
    axis
        Dimension of the values whose every index gets a range of its own; None for one range.

    Raises
    ------
    ValueError
        `bits` outside 2..16.
    """

    bits: int = 8
    symmetric: bool = False
    axis: int | None = None
    narrow_range: bool | None = None
    _channels: int = field(default=0, init=False, repr=False)
    _axis: int | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the options."""
        self.bits = self.params_of(0.0, 0.0).bits

    def update(self, x: ArrayLike) -> None:
        """Take note of values.

        Parameters
        ----------
        x
            Finite real values, any shape, not empty; with `axis`, always as many channels.

        Raises
        ------
        CalibrationError
            `x` is empty, holds NaN or infinity, lacks `axis`, or has another number of channels
            than before. The observer is then as it was.
        ValueError
            The values are not real numbers.
        """
        values = real_values(x)
        rows = self._rows(values)
        low, high = rows.min(axis=1).astype(np.float64), rows.max(axis=1).astype(np.float64)
        with np.errstate(over="ignore"):
            if not np.isfinite(np.array([low, high], np.float32)).all():
                raise CalibrationError(
                    "the calibration values hold NaN or infinity (as float32): look for a "
                    "division by 0 or a missing measurement in what is quantized"
                )
        self._observe(rows, low, high)
        self._channels = len(rows)
        self._axis = None if self.axis is None else self.axis % values.ndim

    def limits(self) -> tuple[Ends, Ends]:
        """Return the range that the values so far ask for; `params` widens it to hold 0.

        Returns
        -------
        low, high
            float64 arrays, one number per channel; of length 1 without `axis`.

        Raises
        ------
        CalibrationError
            There was no update.
        """
        if not self._channels:
            raise CalibrationError(
                "calibration is empty: give typical values to update(x) before asking for a range"
            )
        return self._limits()

    def params(self) -> QuantParams:
        """Return scale and zero point for the range that the values so far ask for.

        A tensor of zeros only, a dead one, gets scale 1 and zero point 0.

        Raises
        ------
        CalibrationError
            There was no update.
        """
        low, high = self.limits()
        if self.axis is None:
            return self.params_of(low[0], high[0])
        return self.params_of(low, high, self._axis)

    @abstractmethod
    def _observe(self, rows: NDArray[np.floating], low: Ends, high: Ends) -> None:
        """Take note of checked values (channels, n), of which `low` and `high` are the ends."""

    @abstractmethod
    def _limits(self) -> tuple[Ends, Ends]:
        """Return the range, after at least one update."""

    def params_of(self, low: ArrayLike, high: ArrayLike, axis: int | None = None) -> QuantParams:
        """Return `choose_quant_params_from_range` with the observer's options."""
        return choose_quant_params_from_range(
            low,
            high,
            bits=self.bits,
            symmetric=self.symmetric,
            axis=axis,
            narrow_range=self.narrow_range,
        )

    def _rows(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        if values.size == 0:
            raise CalibrationError(f"an update without values: its shape is {values.shape}")
        if self.axis is None:
            return values.reshape(1, -1)
        if not -values.ndim <= self.axis < values.ndim:
            raise CalibrationError(
                f"axis {self.axis} is out of range for values of {values.ndim} dimensions"
            )
        channels = values.shape[self.axis]
        if self._channels not in (0, channels):
            raise CalibrationError(
                f"axis {self.axis} had {self._channels} channels before, now it has {channels}"
            )
        return np.moveaxis(values, self.axis, 0).reshape(channels, -1)
