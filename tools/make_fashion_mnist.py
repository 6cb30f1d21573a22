"""Make the course's subset of Fashion-MNIST from the original four files.

Debian's package ``dataset-fashion-mnist`` installs the originals in the default folder; they are
also at https://github.com/zalandoresearch/fashion-mnist. Run from the root of the repository::

    python tools/make_fashion_mnist.py

Training and validation images are drawn from the 60,000 original training images by one
permutation with seed 0: the first 10,000 and the next 5,000, as drawn, not balanced by class.
"""

import argparse
import gzip
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from qutils._assets import update_manifest

SOURCE = Path("/usr/share/datasets/fashion-mnist")
ASSETS = Path(__file__).resolve().parent.parent / "qutils" / "assets"
SEED = 0
TRAIN_SIZE, VALIDATION_SIZE = 10_000, 5_000
IDX_UBYTE_HEADER = {"images": 16, "labels": 8}

Split = dict[str, np.ndarray]


def read_idx(path: Path) -> np.ndarray:
    """Read one gzipped IDX file of unsigned bytes: images (N, 28, 28) or labels (N,)."""
    kind = "images" if "images" in path.name else "labels"
    flat = np.frombuffer(
        gzip.decompress(path.read_bytes()), np.uint8, offset=IDX_UBYTE_HEADER[kind]
    )
    return flat.reshape(-1, 28, 28) if kind == "images" else flat


def draw_splits(source: Path) -> dict[str, Split]:
    """Return name -> images, labels and their positions in the original file."""
    order = np.random.default_rng(SEED).permutation(60_000).astype(np.int32)
    positions = {
        "train": ("train", order[:TRAIN_SIZE]),
        "validation": ("train", order[TRAIN_SIZE : TRAIN_SIZE + VALIDATION_SIZE]),
        "test": ("t10k", np.arange(10_000, dtype=np.int32)),
    }
    splits = {}
    for name, (prefix, index) in positions.items():
        images = read_idx(source / f"{prefix}-images-idx3-ubyte.gz")
        labels = read_idx(source / f"{prefix}-labels-idx1-ubyte.gz")
        splits[name] = {"images": images[index], "labels": labels[index], "index": index}
    return splits


def pack(split: Split) -> bytes:
    """Return the bytes of an ``.npz`` file, LZMA-compressed, the same on every run."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
        for key, array in split.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_LZMA
            entry.create_system = 3
            archive.writestr(entry, content.getvalue())
    return target.getvalue()


def count_shared_images(a: Split, b: Split) -> int:
    """Return how many images of ``a`` are, pixel by pixel, also in ``b``."""
    in_b = {image.tobytes() for image in b["images"]}
    return sum(image.tobytes() in in_b for image in a["images"])


def describe(splits: dict[str, Split]) -> dict:
    """Return what the splits hold, for the record beside them."""
    return {
        "source": "Fashion-MNIST, Zalando SE, https://github.com/zalandoresearch/fashion-mnist",
        "license": "MIT, see fashion_mnist_LICENSE.txt",
        "seed": SEED,
        "drawn": "as drawn, not balanced by class",
        "splits": {
            name: {
                "images": len(split["labels"]),
                "images_per_class": np.bincount(split["labels"], minlength=10).tolist(),
                "pixels_sha256": hashlib.sha256(split["images"].tobytes()).hexdigest(),
                "labels_sha256": hashlib.sha256(split["labels"].tobytes()).hexdigest(),
            }
            for name, split in splits.items()
        },
        "images_found_pixel_by_pixel_in_another_split": {
            f"{a} in {b}": count_shared_images(splits[a], splits[b])
            for a, b in (("validation", "train"), ("test", "train"), ("test", "validation"))
        },
    }


def main() -> None:
    """Write the three splits, their description and their SHA-256."""
    parser = argparse.ArgumentParser(description="Make the committed subset of Fashion-MNIST.")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the four originals")
    parser.add_argument("--out", type=Path, default=ASSETS, help="folder to write to")
    arguments = parser.parse_args()
    if not (arguments.source / "train-images-idx3-ubyte.gz").exists():
        parser.exit(
            2,
            f"no Fashion-MNIST in {arguments.source}: install Debian's package "
            "dataset-fashion-mnist, or name the folder of the originals with --source\n",
        )
    splits = draw_splits(arguments.source)
    files = {}
    for name, split in splits.items():
        files[f"fashion_mnist_{name}.npz"] = pack(split)
        print(f"{name}: {len(split['labels']):,} images", flush=True)
    text = json.dumps(describe(splits), indent=2) + "\n"
    files["fashion_mnist.json"] = text.encode()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (arguments.out / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes", flush=True)
    update_manifest(arguments.out, files)


if __name__ == "__main__":
    main()
