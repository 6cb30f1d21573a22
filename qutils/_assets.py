"""The files in ``qutils/assets``: images, weights and a model, checked when they are read."""

import hashlib
import io
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import numpy as np

MANIFEST = "SHA256SUMS"


def read_bytes(name: str) -> bytes:
    """Read an asset whose SHA-256 is as recorded.

    Parameters
    ----------
    name : str
        File name inside ``qutils/assets``.

    Returns
    -------
    bytes
        The whole file.

    Raises
    ------
    ValueError
        When the bytes of the file are not the recorded ones.

    Examples
    --------
    >>> read_bytes("kws_int8.tflite")[4:8]
    b'TFL3'
    """
    folder = resources.files("qutils").joinpath("assets")
    content = folder.joinpath(name).read_bytes()
    expected = parse_manifest(folder.joinpath(MANIFEST).read_text(encoding="utf-8")).get(name)
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ValueError(
            f"qutils/assets/{name} is damaged: its SHA-256 is {found}, {MANIFEST} records "
            f"{expected}; get the file again (git checkout, or install the package again)"
        )
    return content


def read_arrays(name: str) -> dict[str, np.ndarray]:
    """Read every array of an asset ``.npz`` file; see `read_bytes`.

    Parameters
    ----------
    name : str
        File name inside ``qutils/assets``.

    Returns
    -------
    dict of str to numpy.ndarray
        In the order in which they were stored.

    Examples
    --------
    >>> sorted(read_arrays("fashion_mnist_validation.npz"))
    ['images', 'index', 'labels']
    """
    with np.load(io.BytesIO(read_bytes(name)), allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def parse_manifest(text: str) -> dict[str, str]:
    r"""Return file name -> SHA-256 from the text that ``sha256sum`` writes.

    Examples
    --------
    >>> parse_manifest("00ff  a.npz\n")
    {'a.npz': '00ff'}
    """
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


def update_manifest(folder: Path, names: Mapping[str, bytes]) -> None:
    """Write the SHA-256 of the given file contents into the manifest of ``folder``."""
    path = folder / MANIFEST
    digests = parse_manifest(path.read_text(encoding="utf-8")) if path.exists() else {}
    digests |= {name: hashlib.sha256(content).hexdigest() for name, content in names.items()}
    lines = (f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
