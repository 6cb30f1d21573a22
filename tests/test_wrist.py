"""The wrist data set: its split, its windows, its network, and the mistake of units."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from qutils import wrist
from qutils.describe import from_keras
from qutils.network import GlobalMean, Linear, Network
from qutils.repair import fold_batch_norms
from qutils.representative import check_representative_dataset
from tests.plain_networks import dense

SPLITS = tuple(wrist.WRIST_PEOPLE)


@pytest.fixture(scope="module")
def recordings():
    return wrist._recordings()


def test_nobody_is_in_two_splits(recordings):
    people = [person for split in SPLITS for person in wrist.WRIST_PEOPLE[split]]
    assert sorted(people) == sorted(set(recordings["subject"])) == list(range(1, 11))


@pytest.mark.parametrize(
    ("split", "count"), [("train", 5293), ("validation", 1043), ("test", 2940)]
)
def test_each_split_has_its_windows(split, count):
    windows, labels = wrist.load_wrist_imu(split)
    assert windows.shape == (count, 100, 1, 6)
    assert windows.dtype == np.float32
    assert labels.shape == (count,)
    assert labels.dtype == np.int64
    assert set(labels) == set(range(7))


def test_windows_lie_in_one_recording_each(recordings):
    windows, labels = wrist.load_wrist_imu("validation", scaled=False)
    start = 0
    for number in np.flatnonzero(recordings["subject"] == 7):
        samples = recordings["X"][number].astype(np.float32)
        count = (len(samples) - 100) // 25 + 1
        for place in (0, count - 1):
            window = windows[start + place, :, 0]
            expected = samples[25 * place : 25 * place + 100]
            assert np.array_equal(window[:, :3], expected[:, :3])
            # One rounding of the constant, one of the product.
            assert np.allclose(window[:, 3:], expected[:, 3:] * 57.29578, rtol=3e-7, atol=0)
        assert set(labels[start : start + count]) == {recordings["y"][number]}
        start += count
    assert start == len(windows)


def test_scaled_training_windows_have_deviation_one():
    windows, _ = wrist.load_wrist_imu("train")
    assert windows.std(axis=(0, 1, 2), dtype=np.float64) == pytest.approx(np.ones(6), rel=1e-6)


def test_every_split_is_divided_by_the_deviations_of_training():
    scaled, raw = (wrist.load_wrist_imu("test", scaled=scaled)[0] for scaled in (True, False))
    assert np.allclose(scaled * wrist.channel_deviations(), raw, rtol=1e-6)


def test_what_was_loaded_may_be_changed():
    wrist.load_wrist_imu("test", scaled=False)[0][:] = 0
    assert wrist.load_wrist_imu("test", scaled=False)[0].any()


def test_units_are_far_apart_and_the_check_of_calibration_says_so():
    raw, scaled = (wrist.load_wrist_imu("train", scaled=scaled)[0] for scaled in (False, True))
    findings = check_representative_dataset(raw[:200])
    assert [finding.kind for finding in findings] == ["units"]
    assert check_representative_dataset(scaled[:200]) == []


def test_fold_a_scaling_by_hand():
    layer = dense("d", [[2, 4], [30, 60]], [1, 0])
    folded = wrist.fold_scaling(Network((2,), (layer,)), [2, 10]).linear[0]
    assert folded.kernel.tolist() == [[1, 2], [3, 6]]
    assert folded.bias.tolist() == [1, 0]


def test_folded_scaling_keeps_the_function():
    network = fold_batch_norms(from_keras(wrist.load_wrist_net()))
    (scaled, _), (raw, _) = (
        wrist.load_wrist_imu("validation", scaled=scaled) for scaled in (True, False)
    )
    expected = network(scaled[:50])
    found = wrist.fold_scaling(network, wrist.channel_deviations())(raw[:50])
    # Nothing but float32 rounding of sums of up to 64 terms in 7 layers.
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_committed_weights_have_the_recorded_accuracy(repository):
    record = json.loads((repository / "qutils" / "assets" / "nets.json").read_text())["wrist"]
    windows, labels = wrist.load_wrist_imu("validation")
    logits = wrist.load_wrist_net().predict(windows, batch_size=500, verbose=0)
    # As for the other networks, near ties may change sides: 2 of 1,043 windows.
    found = float(np.mean(logits.argmax(axis=1) == labels))
    assert found == pytest.approx(record["accuracy"]["validation"], abs=0.002)
    assert record["parameters"] == wrist.build_wrist_net().count_params()


def test_loading_imports_neither_seglearn_nor_tensorflow():
    code = (
        "import sys; from qutils.wrist import load_wrist_imu; load_wrist_imu('validation');"
        "sys.exit(any(name in sys.modules for name in ('seglearn', 'tensorflow', 'tf_keras')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Bad input


def test_unknown_split():
    with pytest.raises(ValueError, match=r"'tests'.*train, validation, test"):
        wrist.load_wrist_imu("tests")


def test_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"seglearn.*pip install"):
        wrist._recordings()


def test_another_file_is_not_unpickled(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "watch_dataset.npy").write_bytes(b"another")
    spec = importlib.util.spec_from_file_location("seglearn", tmp_path / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(ValueError, match=r"watch_dataset.npy has the SHA-256 .*seglearn 1.2.5"):
        wrist._recordings()


@pytest.mark.parametrize("divisors", [[1], [1, 0], [1, -2], [1, np.nan]])
def test_divisors_must_be_positive_numbers_for_each_channel(divisors):
    network = Network((2,), (dense("d", [[1], [1]], [0]),))
    with pytest.raises(ValueError, match="2 positive numbers"):
        wrist.fold_scaling(network, divisors)


def test_scaling_needs_a_kernel_to_fold_into():
    image = Linear("c", "conv", np.ones((1, 1, 1, 1), "f4"), np.zeros(1, "f4"))
    with pytest.raises(ValueError, match="first layer is 'mean'"):
        wrist.fold_scaling(Network((2, 2, 1), (GlobalMean("mean"), image)), [1])
