"""Each finding on the smallest set that shows it, on the course's data, and silence elsewhere."""

import numpy as np
import pytest

from qutils.errors import CalibrationError
from qutils.representative import check_representative_dataset


def found(samples, **options):
    return [(f.kind, f.where) for f in check_representative_dataset(samples, **options)]


def sensors(units=1.0, n=20):
    """Return windows (100, 6): three accelerations, three rates of turn in other units."""
    x = np.random.default_rng(0).normal(size=(n, 100, 6))
    x[..., 3:] *= units
    return x


# Silence: what costs no accuracy


@pytest.mark.parametrize(
    "samples",
    [
        np.random.default_rng(0).random((10, 8, 8, 1)),
        np.random.default_rng(0).random((1, 8, 8, 1)),  # one sample
        np.eye(4)[np.newaxis, ..., np.newaxis],  # whole numbers that are no pixels
        sensors(),
        sensors(units=4.0),  # another spread, not another unit
    ],
)
def test_good_samples(samples):
    assert check_representative_dataset(samples) == []


def test_an_outlier_is_no_finding():
    samples = np.random.default_rng(0).random((50, 4))
    samples[7, 2] = 3.0
    assert check_representative_dataset(samples, trained_range=(0, 1)) == []


def test_a_channel_that_never_changes_is_no_other_unit():
    samples = sensors()
    samples[..., 5] = 0
    assert check_representative_dataset(samples) == []


# Findings


def test_pixels():
    pixels = np.arange(256).reshape(4, 8, 8, 1)
    assert found(pixels) == [("unnormalized", "all samples")]
    assert found(pixels, trained_range=(0, 1)) == [("unnormalized", "all samples")]
    (finding,) = check_representative_dataset(pixels, trained_range=(0, 1))
    assert "from 0 to 255, 255 times as wide as the inputs in training (0 to 1)" in finding.message


def test_whole_numbers_are_fine_where_training_had_them():
    assert found(np.arange(256).reshape(4, 8, 8, 1), trained_range=(0, 255)) == []


@pytest.mark.parametrize("value", [0.0, 0.5, 255.0])
def test_constant_samples(value):
    samples = np.full((3, 4, 4, 2), value)
    assert found(samples, trained_range=(0, 1)) == [("constant", "all samples")]
    assert f"nothing but {value:.4g}" in check_representative_dataset(samples)[0].message


def test_narrow():
    samples = np.linspace(0, 0.4, 50).reshape(5, 10, 1)
    assert found(samples, trained_range=(0, 1)) == [("narrow", "all samples")]
    assert found(samples) == []  # cannot be told
    (finding,) = check_representative_dataset(samples, trained_range=(0, 1))
    assert "show 40% of the range" in finding.message
    assert found(samples * 1.25, trained_range=(0, 1)) == []  # half is enough


def test_samples_beside_the_range_show_nothing_of_it():
    assert found(np.linspace(5, 6, 10).reshape(10, 1), trained_range=(0, 1)) == [
        ("narrow", "all samples")
    ]


def test_another_unit():
    # A rate of turn in degrees per second is 57.3 times that in radians per second.
    samples = sensors(units=57.3)
    assert found(samples) == [("units", "channels 0, 1, 2")]
    (finding,) = check_representative_dataset(samples)
    assert "leave as few as 3.7 to channels 0, 1, 2 of 6, and 250 to channel 3:" in finding.message
    assert found(samples, axis=None) == []
    assert found(samples, bits=16) == []  # 65,535 steps are enough for both


def test_steps_of_a_channel():
    # Ranges 1 and 255 on 255 steps: one step for the first channel.
    samples = np.array([[0.0, 0.0], [1.0, 255.0]]) * 0.1
    (finding,) = check_representative_dataset(samples)
    assert "as few as 1 to channel 0 of 2, and 255 to channel 1:" in finding.message


def test_many_channels_are_not_all_named():
    samples = np.ones((2, 20)) * 0.01
    samples[0] = 0
    samples[0, -1] = 9.5
    assert found(samples) == [("units", "channels 0, 1, 2, 3, 4, 5, 6, 7 and 11 more")]


def test_several_findings_in_order():
    samples = np.round(sensors(units=57.3) * 20)
    kinds = [kind for kind, _ in found(samples, trained_range=(-3, 3))]
    assert kinds == ["unnormalized", "units"]


# Samples, batches and errors


def test_samples_and_batches_and_generators():
    samples = sensors(units=57.3)
    expected = check_representative_dataset(samples)
    assert check_representative_dataset(iter(samples)) == expected
    assert check_representative_dataset([samples[:5], samples[5], samples[6:]]) == expected


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ([], "calibration is empty"),
        ([np.zeros((0, 3))], "without values"),
        ([[1.0, np.nan]], "NaN or infinity"),
        ([1.0, 2.0], "axis -1 is out of range"),
        ([[1.0, 2.0], [1.0, 2.0, 3.0]], "had 2 channels before, now it has 3"),
    ],
)
def test_samples_that_cannot_be_looked_at(samples, words):
    with pytest.raises(CalibrationError, match=words):
        check_representative_dataset(samples)


def test_other_wrong_arguments():
    with pytest.raises(ValueError, match=r"low < high, got \(1, 1\)"):
        check_representative_dataset([[1.0]], trained_range=(1, 1))
    with pytest.raises(ValueError, match="bits must"):
        check_representative_dataset([[1.0]], bits=1)


# The course's data


def test_fashion_mnist():
    from qutils.data import load_fashion_mnist

    images = load_fashion_mnist("validation")[0][:100]
    assert found(images, trained_range=(0, 1)) == []
    assert found(images * np.float32(255)) == [("unnormalized", "all samples")]
    assert found(images * 0, trained_range=(0, 1)) == [("constant", "all samples")]
