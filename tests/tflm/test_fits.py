"""The verdict on a model: flash, arena and operators are never mixed up."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant

from qutils.tflm import Model, Room, fits, plan_arena
from qutils.tflm.example import tiny_model
from qutils.tflm.fits import CODE_BYTES, CODE_BYTES_HIGH


def wide() -> Model:
    """Two activations of 400,000 bytes, no weights."""
    a = T((1, 400_000), scale=1.0)
    return Model.from_bytes(Graph((a, a), (Op("RELU", (0,), (1,)),), (0,), (1,)).to_bytes())


def heavy(outputs: int = 1000) -> Model:
    """2,000 bytes of weights for each output, activations of 3,000 bytes at most."""
    weights = np.ones((outputs, 2000), np.int8)
    tensors = (
        T((1, 2000), scale=1.0),
        constant(weights, scale=1.0),
        T((1, outputs), scale=1.0),
    )
    return Model.from_bytes(
        Graph(tensors, (Op("FULLY_CONNECTED", (0, 1), (2,)),), (0,), (2,)).to_bytes()
    )


def test_room_has_a_margin_at_either_end():
    room = Room(used=40, available=100, used_high=110)
    assert room.ok
    assert not room.sure
    assert (room.margin, room.margin_low) == (60, -10)
    assert not Room(101, 100, 101).ok


def test_a_small_model_fits():
    verdict = fits(tiny_model(), "nano33ble")
    assert verdict
    assert verdict.sure
    assert verdict.flash.used == tiny_model().size_bytes + CODE_BYTES
    assert verdict.flash.used_high == tiny_model().size_bytes + CODE_BYTES_HIGH
    assert verdict.flash.margin == 1024 * 1024 - verdict.flash.used
    assert verdict.arena.used == plan_arena(tiny_model()).min_arena_bytes
    assert verdict.arena.available == 256 * 1024
    assert verdict.operators == ("RELU",)
    assert verdict.missing == ()
    assert str(verdict).startswith("The model fits the Arduino Nano 33 BLE Sense.\nFlash: ")


def test_activations_break_the_arena_alone():
    verdict = fits(wide(), "nano33ble")
    assert not verdict
    assert verdict.flash.ok
    assert not verdict.arena.ok
    assert verdict.arena.margin < 0
    flash, arena, operators = verdict.reasons
    assert flash.startswith("Flash:")
    assert "are left" in flash
    assert arena.startswith("Arena: activations take 800,000 bytes (exact)")
    assert "AllocateTensors fails" in arena
    assert operators == "Operators: TFLite Micro has all that the model needs, RELU."
    assert str(verdict).startswith("The model does not fit the Arduino Nano 33 BLE Sense.\n")


def test_a_model_without_operators_fits():
    content = Graph((T((1, 4), scale=1.0),), (), (0,), (0,)).to_bytes()
    assert fits(Model.from_bytes(content), "pico").reasons[2] == "Operators: the model has none."


def test_weights_break_the_flash_alone():
    verdict = fits(heavy(), "nano33ble")
    assert not verdict
    assert not verdict.flash.ok
    assert verdict.arena.ok
    assert "does not link" in verdict.reasons[0]


def test_an_arena_is_one_array_and_has_not_the_whole_memory():
    # 200,000 bytes: less than the SRAM of an ESP32, more than a static array can have there.
    a = T((1, 100_000), scale=1.0)
    model = Model.from_bytes(Graph((a, a), (Op("RELU", (0,), (1,)),), (0,), (1,)).to_bytes())
    assert not fits(model, "esp32").arena.ok
    assert fits(model, "esp32s3").arena.ok


def test_between_the_ends_of_the_range_the_verdict_is_open():
    # 900 kB of weights leave 148 kB of a megabyte: enough for the runtime, not for a firmware.
    verdict = fits(heavy(450), "nano33ble")
    assert verdict.fits
    assert not verdict.sure
    assert str(verdict).startswith("The model may fit")
    assert "it may not link" in verdict.reasons[0]


def test_the_linkers_figure_replaces_the_range():
    verdict = fits(heavy(450), "nano33ble", code_bytes=100_000)
    assert verdict.sure
    assert verdict.flash.margin == verdict.flash.margin_low
    assert fits(heavy(), "pico").flash.ok
    assert not fits(heavy(), "pico", code_bytes=200_000).flash.ok
    with pytest.raises(ValueError, match="not be negative, got -1"):
        fits(heavy(), "pico", code_bytes=-1)


def test_tflm_does_not_run_on_eight_bits():
    verdict = fits(tiny_model(), "uno")
    assert not verdict
    assert verdict.missing == ("RELU",)
    assert "needs 32 bits" in verdict.reasons[3]


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("tflm-cmsis-nn", "with CMSIS-NN brings kernels for all of them."),
        ("tflm", "needs, FULLY_CONNECTED; the reference kernels run FULLY_CONNECTED."),
        ("tflm-esp-nn", "brings kernels for all of them."),
        ("x-cube-ai-9.0", "what X-CUBE-AI 9.0 runs, its own documentation says."),
    ],
)
def test_a_library_says_which_operators_it_makes_faster(library, words):
    assert fits(heavy(), "l4r5zi", library=library).reasons[2].endswith(words)
