"""Boards as data: sizes that agree with each other, sources, and names that help."""

import pytest

from qutils.tflm import BOARDS, fits
from qutils.tflm.boards import find_board
from qutils.tflm.example import tiny_model

NAMES = ["uno", "nano33ble", "esp32", "esp32s3", "esp32c3", "pico", "pico2", "l4r5zi", "nrf5340"]

KIB = 1024
# Flash, SRAM and the largest array, as the documents that BOARDS names state them.
SIZES = {
    "uno": (32 * KIB, 2 * KIB, 2048),
    "nano33ble": (0x100000, 256 * KIB, 0x40000),
    "esp32": (4096 * KIB, 520 * KIB, 180_736),
    "esp32s3": (8192 * KIB, 512 * KIB, 341_760),
    "esp32c3": (4096 * KIB, 400 * KIB, 0x50000),
    "pico": (2 * 1024 * KIB, 264 * KIB, 256 * KIB),
    "pico2": (4 * 1024 * KIB, 520 * KIB, 512 * KIB),
    "l4r5zi": (2048 * KIB, 640 * KIB, (192 + 64 + 384) * KIB),
    "nrf5340": (1024 * KIB, 512 * KIB, 512 * KIB),
}


def test_the_nine_boards():
    assert list(BOARDS) == NAMES
    assert {
        name: (board.flash_bytes, board.sram_bytes, board.arena_limit_bytes)
        for name, board in BOARDS.items()
    } == SIZES


@pytest.mark.parametrize("board", BOARDS.values(), ids=NAMES)
def test_every_board_names_its_documents(board):
    assert BOARDS[board.id] is board
    assert "ata" in board.source or "Product Specification" in board.source
    assert board.linker
    assert board.checked
    assert 0 < board.arena_limit_bytes <= board.sram_bytes < board.flash_bytes


@pytest.mark.parametrize(
    ("name", "near"), [("nano33", "nano33ble"), ("ESP32", "esp32"), ("zzz", "uno or nano33ble")]
)
def test_an_unknown_board_names_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"no board '{name}'; did you mean {near}"):
        find_board(name)
    with pytest.raises(ValueError, match=f"no board '{name}'"):
        fits(tiny_model(), name)
