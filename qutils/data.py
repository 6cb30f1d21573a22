"""The course's data set: a subset of Fashion-MNIST, split once and for all.

Training images teach a network, validation images choose between variants, and the test images
are looked at once, for the figure that is reported.
"""

import numpy as np

from qutils._assets import read_arrays
from qutils._keras import import_keras, quiet

FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
SPLITS = ("train", "validation", "test")


def load_fashion_mnist(split: str, *, full: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Load one split of Fashion-MNIST: gray images of clothes, 10 classes.

    Parameters
    ----------
    split : {"train", "validation", "test"}
        ``train`` has 10,000 images and ``validation`` 5,000, both drawn from the 60,000 training
        images of the original without regard to the class; ``test`` is the whole original test
        set of 10,000. No image of the original is in two splits.
    full : bool
        Take every image of the original: ``train`` then has the 55,000 that are not in
        ``validation``. They come through Keras, which downloads about 30 MB the first time. A
        line on standard output says so.

    Returns
    -------
    images : numpy.ndarray
        float32, shape (N, 28, 28, 1), gray values from 0 (background) to 1.
    labels : numpy.ndarray
        int64, shape (N,), positions in ``FASHION_MNIST_CLASSES``.

    Raises
    ------
    ValueError
        When the split does not exist, or a file is damaged.
    ConnectionError
        When ``full`` needs the network and there is none.
    ImportError
        When ``full`` is asked for and TensorFlow is not installed.

    References
    ----------
    Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms", arXiv:1708.07747. MIT license, Zalando SE.

    Examples
    --------
    >>> images, labels = load_fashion_mnist("validation")
    >>> images.shape, images.dtype.name, labels.dtype.name
    ((5000, 28, 28, 1), 'float32', 'int64')
    >>> FASHION_MNIST_CLASSES[labels[0]]
    'Dress'
    """
    if split not in SPLITS:
        raise ValueError(f"no split named {split!r}; there are: {', '.join(SPLITS)}")
    images, labels = _load_whole(split) if full else _load_committed(split)
    scaled = images.astype(np.float32)[..., np.newaxis] / np.float32(255)
    return scaled, labels.astype(np.int64)


def _load_committed(split: str) -> tuple[np.ndarray, np.ndarray]:
    arrays = read_arrays(f"fashion_mnist_{split}.npz")
    return arrays["images"], arrays["labels"]


def _load_whole(split: str) -> tuple[np.ndarray, np.ndarray]:
    if split == "validation":
        return _load_committed(split)
    (train_images, train_labels), test = _load_from_keras()
    if split == "test":
        return test
    validation = read_arrays("fashion_mnist_validation.npz")
    if not np.array_equal(train_images[validation["index"]], validation["images"]):
        raise ValueError(
            "the Fashion-MNIST that Keras returned is not in the original order, so validation "
            "images cannot be kept out of it; delete Keras' copy and try again"
        )
    kept = np.delete(np.arange(len(train_images)), validation["index"])
    return train_images[kept], train_labels[kept]


def _load_from_keras() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    keras = import_keras()
    print(
        "Fashion-MNIST, all 70,000 images: through Keras, which downloads 30 MB the first time "
        "and keeps them in its own folder.",
        flush=True,
    )
    try:
        with quiet():
            return keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # Keras raises a plain Exception when a download fails.
        raise ConnectionError(
            "the whole Fashion-MNIST could not be downloaded through Keras (is there a network?); "
            "load_fashion_mnist(split) without full=True needs none"
        ) from error
