"""The committed data: complete, unchanged, disjoint, and made by the script beside it."""

import hashlib
import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from qutils import _assets
from qutils._assets import parse_manifest, read_arrays
from qutils._keras import import_keras
from qutils.data import FASHION_MNIST_CLASSES, SPLITS, load_fashion_mnist

SIZES = {"train": 10_000, "validation": 5_000, "test": 10_000}
ORIGINALS = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture(scope="module")
def arrays() -> dict[str, dict[str, np.ndarray]]:
    return {split: read_arrays(f"fashion_mnist_{split}.npz") for split in SPLITS}


@pytest.fixture(scope="module")
def assets(repository) -> Path:
    return repository / "qutils" / "assets"


@pytest.mark.parametrize("split", SPLITS)
def test_split_has_its_size_types_and_range(split):
    images, labels = load_fashion_mnist(split)
    assert images.shape == (SIZES[split], 28, 28, 1)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert labels.shape == (SIZES[split],)
    assert labels.dtype == np.int64
    assert np.array_equal(np.unique(labels), np.arange(len(FASHION_MNIST_CLASSES)))


def test_gray_value_is_byte_over_255(arrays):
    images, _ = load_fashion_mnist("validation")
    assert np.array_equal(images[..., 0] * 255, arrays["validation"]["images"].astype(np.float32))


def test_each_original_image_is_in_one_split_at_most(arrays):
    train, validation = arrays["train"]["index"], arrays["validation"]["index"]
    drawn = np.concatenate([train, validation])
    assert len(np.unique(drawn)) == 15_000
    assert drawn.min() >= 0
    assert drawn.max() < 60_000
    # The test images come from the other file of the original, all of them.
    assert np.array_equal(arrays["test"]["index"], np.arange(10_000))


def test_images_equal_pixel_by_pixel_across_splits_are_counted_truly(arrays, assets):
    recorded = json.loads((assets / "fashion_mnist.json").read_text())
    seen = {
        split: {image.tobytes() for image in content["images"]} for split, content in arrays.items()
    }
    found = {f"{b} in {a}": len(seen[a] & seen[b]) for a, b in combinations(SPLITS, 2)}
    assert found == recorded["images_found_pixel_by_pixel_in_another_split"]


def test_record_beside_the_files_is_true(arrays, assets):
    recorded = json.loads((assets / "fashion_mnist.json").read_text())["splits"]
    for split, content in arrays.items():
        digest = hashlib.sha256(content["images"].tobytes()).hexdigest()
        assert recorded[split]["pixels_sha256"] == digest
        assert recorded[split]["images"] == SIZES[split]
        assert recorded[split]["images_per_class"] == np.bincount(content["labels"]).tolist()


def test_every_asset_has_its_recorded_hash(assets):
    recorded = parse_manifest((assets / "SHA256SUMS").read_text())
    names = {path.name for path in assets.iterdir() if path.suffix in (".npz", ".json", ".tflite")}
    assert set(recorded) == names
    for name, digest in recorded.items():
        assert hashlib.sha256((assets / name).read_bytes()).hexdigest() == digest, name


def test_assets_are_under_ten_megabytes(assets):
    assert sum(path.stat().st_size for path in assets.iterdir()) < 10_000_000


def test_damaged_file_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "a.npz").write_bytes(b"damaged")
    (folder / "SHA256SUMS").write_text("00ff  a.npz\n")
    monkeypatch.setattr(_assets.resources, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=r"assets/a\.npz is damaged.*00ff"):
        read_arrays("a.npz")


def test_unknown_split_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'tests'.*train, validation, test"):
        load_fashion_mnist("tests")


def test_loading_imports_no_tensorflow():
    code = (
        "import sys; from qutils.data import load_fashion_mnist; load_fashion_mnist('validation');"
        "sys.exit('tensorflow' in sys.modules or 'tf_keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def keras_data(monkeypatch, arrays):
    """The original set as Keras returns it, blank but for the validation images."""
    images, labels = np.zeros((60_000, 28, 28), np.uint8), np.zeros(60_000, np.uint8)
    images[arrays["validation"]["index"]] = arrays["validation"]["images"]
    test = arrays["test"]["images"], arrays["test"]["labels"]
    given = (images, labels), test
    module = import_keras().datasets.fashion_mnist
    monkeypatch.setattr(module, "load_data", lambda: given)
    return given


def test_full_set_has_all_images_but_keeps_validation_apart(keras_data, capsys):
    images, labels = load_fashion_mnist("train", full=True)
    assert images.shape == (55_000, 28, 28, 1)
    assert labels.shape == (55_000,)
    assert not images.any()
    assert load_fashion_mnist("test", full=True)[0].shape == (10_000, 28, 28, 1)
    assert load_fashion_mnist("validation", full=True)[0].shape == (5_000, 28, 28, 1)
    assert "downloads" in capsys.readouterr().out


def test_full_set_in_another_order_is_refused(keras_data):
    (images, _), _ = keras_data
    images[:] = np.roll(images, 1, axis=0)
    with pytest.raises(ValueError, match="not in the original order"):
        load_fashion_mnist("train", full=True)


def test_full_set_without_network_says_so_in_one_sentence(monkeypatch):
    def fail():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(import_keras().datasets.fashion_mnist, "load_data", fail)
    with pytest.raises(ConnectionError, match="could not be downloaded") as caught:
        load_fashion_mnist("train", full=True)
    assert "\n" not in str(caught.value)


def test_script_makes_the_committed_bytes(repository, assets, tmp_path):
    if not (ORIGINALS / "train-images-idx3-ubyte.gz").is_file():
        pytest.skip(f"no originals in {ORIGINALS} (Debian: apt-get install dataset-fashion-mnist)")
    script = repository / "tools" / "make_fashion_mnist.py"
    subprocess.run([sys.executable, script, "--out", tmp_path], check=True, capture_output=True)
    made = {path.name for path in tmp_path.iterdir()} - {"SHA256SUMS"}
    assert made == {"fashion_mnist.json", *(f"fashion_mnist_{split}.npz" for split in SPLITS)}
    for name in made:
        assert (tmp_path / name).read_bytes() == (assets / name).read_bytes(), name


def test_script_without_originals_says_what_to_install(repository, tmp_path):
    script = repository / "tools" / "make_fashion_mnist.py"
    command = [sys.executable, script, "--source", tmp_path, "--out", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "dataset-fashion-mnist" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
