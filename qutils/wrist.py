"""The wrist data set: a smartwatch's acceleration and rotation during seven shoulder exercises.

With its network, and with a mistake of units to learn from. The data come from the installed
package ``seglearn``; they are not part of this repository.
"""

import functools
import hashlib
import importlib.util
import io
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils._assets import read_arrays
from qutils._keras import import_keras
from qutils.nets import ds_cnn, set_named_weights
from qutils.network import Floats, Linear, Network

__all__ = [
    "WRIST_CHANNELS",
    "WRIST_CLASSES",
    "WRIST_PEOPLE",
    "build_wrist_net",
    "channel_deviations",
    "fold_scaling",
    "load_wrist_imu",
    "load_wrist_net",
]

WRIST_CLASSES = (
    "pendulum",
    "abduction",
    "forward elevation",
    "internal rotation",
    "external rotation",
    "trapezius extension",
    "upright row",
)
WRIST_CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
# Which of the ten people are in which split: nobody is in two.
WRIST_PEOPLE = MappingProxyType(
    {"train": (1, 2, 3, 4, 5, 6), "validation": (7,), "test": (8, 9, 10)}
)
# Two seconds at 50 Hz, a new window every half second.
WINDOW, STEP = 100, 25
BLOCKS = ((32, 2), (32, 1), (64, 2))
# The file of seglearn 1.2.5. It is a pickle, which could run anything: no other one is read.
SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"


def load_wrist_imu(split: str, *, scaled: bool = True) -> tuple[Floats, NDArray[np.int64]]:
    """Load one split of the wrist data set, cut into windows of 100 samples at 50 Hz.

    Parameters
    ----------
    split : {"train", "validation", "test"}
        By person: `WRIST_PEOPLE`. Windows overlap by three quarters, but windows of one person,
        and so of one recording, are in one split only.
    scaled
        Whether each channel is divided by `channel_deviations`. Without, acceleration is in g and
        rotation in degrees per second, as sensors give them.

    Returns
    -------
    windows
        float32 (N, 100, 1, 6), the channels as in `WRIST_CHANNELS`.
    labels
        int64 (N,), positions in `WRIST_CLASSES`.

    Raises
    ------
    ValueError
        The split does not exist, or the file of the package is another one.
    ImportError
        The package seglearn is not installed.

    Notes
    -----
    Burns et al., "Shoulder physiotherapy exercise recognition", arXiv:1802.01489; in seglearn,
    BSD licence, Burns and Whyne, arXiv:1803.08118. The file does not name its units. At rest the
    acceleration has a length of 1; rotation reaches 29, which fits radians per second.

    Examples
    --------
    >>> windows, labels = load_wrist_imu("test")
    >>> windows.shape, WRIST_CLASSES[labels[0]]
    ((2940, 100, 1, 6), 'forward elevation')
    """
    if split not in WRIST_PEOPLE:
        raise ValueError(f"no split named {split!r}; there are: {', '.join(WRIST_PEOPLE)}")
    windows, labels = _windows(split)
    return (windows / channel_deviations() if scaled else windows.copy()), labels.copy()


def channel_deviations() -> Floats:
    """Return the standard deviation of each channel over the training windows, (6,).

    In g and in degrees per second.
    """
    return _windows("train")[0].std(axis=(0, 1, 2), dtype=np.float64).astype(np.float32)


@functools.cache
def _windows(split: str) -> tuple[Floats, NDArray[np.int64]]:
    """Return windows in g and degrees per second, and their labels."""
    recordings = _recordings()
    windows, labels = [], []
    for number in np.flatnonzero(np.isin(recordings["subject"], WRIST_PEOPLE[split])):
        samples = recordings["X"][number] * np.repeat([1.0, 180 / np.pi], 3)
        cut = np.lib.stride_tricks.sliding_window_view(samples, WINDOW, axis=0)[::STEP]
        windows.append(cut.transpose(0, 2, 1))
        labels.append(np.full(len(cut), recordings["y"][number], np.int64))
    together = np.concatenate(windows).astype(np.float32)
    return together[:, :, np.newaxis], np.concatenate(labels)


def _recordings() -> dict[str, Any]:
    """Read the package's file, without the package: importing it needs others."""
    found = importlib.util.find_spec("seglearn")
    if found is None or found.origin is None:
        raise ImportError(
            "the wrist data come with the package seglearn, which is not installed; install it "
            "with: pip install 'qutils[course]'"
        )
    path = Path(found.origin).parent / "data" / "watch_dataset.npy"
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise ValueError(
            f"{path} has the SHA-256 {digest}, not that of seglearn 1.2.5; install that version"
        )
    recordings: dict[str, Any] = np.load(io.BytesIO(content), allow_pickle=True).item()
    return recordings


def build_wrist_net() -> Any:
    """Build the untrained network: a depthwise-separable CNN along time, kernels of 5 samples.

    Returns
    -------
    tf_keras.Sequential
        Input float32 (N, 100, 1, 6), scaled; output float32 logits (N, 7).

    Examples
    --------
    >>> build_wrist_net().count_params()
    5815
    """
    keras = import_keras()
    window = keras.layers.InputLayer((WINDOW, 1, len(WRIST_CHANNELS)), name="window")
    body = ds_cnn(
        "relu", epsilon=1e-3, l2=5e-4, size=(5, 1), blocks=BLOCKS, classes=len(WRIST_CLASSES)
    )
    return keras.Sequential([window, *body], "wrist")


def load_wrist_net() -> Any:
    """Build the network and give it the committed weights, those of seed 0.

    Returns
    -------
    tf_keras.Sequential
        As `build_wrist_net`. How it was trained, and with what accuracy, stands in
        ``qutils/assets/nets.json``; ``tools/train_nets.py`` did it.

    Raises
    ------
    ValueError
        The file of weights is damaged.
    """
    model = build_wrist_net()
    set_named_weights(model, read_arrays("wrist.npz"))
    return model


def fold_scaling(network: Network, divisors: ArrayLike) -> Network:
    """Return the network that takes unscaled inputs: the division moves into its first kernel.

    ``kernel[..., i, :] / divisors[i]`` on x is ``kernel`` on ``x / divisors``: float32 loses
    nothing but rounding. Quantized, it is a mistake where the divisors differ: one scale serves
    the whole input tensor, and the channels of small values get few of its integers.

    Parameters
    ----------
    network
        Whose first layer is a convolution, depthwise convolution or dense layer.
    divisors
        Of each input channel, positive.

    Raises
    ------
    ValueError
        The first layer is of another kind, or the divisors are not one positive number for each
        channel of the input.

    Examples
    --------
    >>> layer = Linear("a", "dense", np.float32([[1], [1]]), np.float32([0]))
    >>> fold_scaling(Network((2,), (layer,)), [1.0, 50.0])([[0.5, 100.0]]).tolist()
    [[2.5]]
    """
    values = np.asarray(divisors, np.float64)
    if values.shape != network.input_shape[-1:] or not (values > 0).all():
        raise ValueError(
            f"divisors must be {network.input_shape[-1]} positive numbers, one for each channel of "
            f"the input, got {values}"
        )
    first = network.layers[0]
    if not isinstance(first, Linear):
        raise ValueError(f"no kernel to fold into: the first layer is {first.name!r}")
    folded = (first.kernel / values[:, np.newaxis]).astype(np.float32)
    return replace(network, layers=(replace(first, kernel=folded), *network.layers[1:]))
