"""Boards, and the verdict on a model: flash and arena are never mixed up."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant

from qutils.tflm import BOARDS, Model, fits, plan_arena
from qutils.tflm.example import tiny_model
from qutils.tflm.fits import CODE_BYTES

NAMES = ["uno", "nano33ble", "esp32", "esp32s3", "esp32c3", "pico", "pico2", "l4r5zi", "nrf5340"]


def wide() -> Model:
    """Two activations of 400,000 bytes, no weights."""
    a = T((1, 400_000), scale=1.0)
    return Model.from_bytes(Graph((a, a), (Op("RELU", (0,), (1,)),), (0,), (1,)).to_bytes())


def heavy() -> Model:
    """2,000,000 bytes of weights, activations of 3,000 bytes."""
    weights = np.ones((1000, 2000), np.int8)
    tensors = (
        T((1, 2000), scale=1.0),
        constant(weights, scale=1.0),
        T((1, 1000), scale=1.0),
    )
    return Model.from_bytes(
        Graph(tensors, (Op("FULLY_CONNECTED", (0, 1), (2,)),), (0,), (2,)).to_bytes()
    )


def test_the_nine_boards():
    assert list(BOARDS) == NAMES
    for name, board in BOARDS.items():
        assert board.id == name
        assert board.source
        assert board.checked
        assert 0 < board.sram_bytes < board.flash_bytes


def test_a_small_model_fits():
    verdict = fits(tiny_model(), "nano33ble")
    assert verdict
    assert verdict.fits
    assert verdict.flash.used == tiny_model().size_bytes + CODE_BYTES
    assert verdict.flash.margin == 1024 * 1024 - verdict.flash.used
    assert verdict.arena.used == plan_arena(tiny_model()).min_arena_bytes
    assert verdict.arena.available == 256 * 1024


def test_activations_break_the_arena_alone():
    verdict = fits(wide(), "nano33ble")
    assert not verdict
    assert verdict.flash.ok
    assert not verdict.arena.ok
    assert verdict.arena.margin < 0
    flash, arena = verdict.reasons
    assert flash.startswith("Flash:")
    assert "are left" in flash
    assert arena.startswith("Arena: activations take 800000 bytes (exact)")
    assert "AllocateTensors fails" in arena


def test_weights_break_the_flash_alone():
    verdict = fits(heavy(), "nano33ble")
    assert not verdict
    assert not verdict.flash.ok
    assert verdict.arena.ok
    assert "does not link" in verdict.reasons[0]


def test_the_program_counts():
    assert fits(heavy(), "pico").flash.ok
    assert not fits(heavy(), "pico", code_bytes=200_000).flash.ok
    with pytest.raises(ValueError, match="not be negative, got -1"):
        fits(heavy(), "pico", code_bytes=-1)


def test_tflm_does_not_run_on_eight_bits():
    verdict = fits(tiny_model(), "uno")
    assert not verdict
    assert "needs 32 bits" in verdict.reasons[2]


@pytest.mark.parametrize(
    ("name", "near"), [("nano33", "nano33ble"), ("ESP32", "esp32"), ("zzz", "uno or nano33ble")]
)
def test_an_unknown_board_names_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"no board '{name}'; did you mean {near}"):
        fits(tiny_model(), name)
