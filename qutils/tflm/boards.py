"""Boards as data, and whether a model fits one."""

from dataclasses import dataclass
from difflib import get_close_matches

__all__ = ["BOARDS", "Board", "find_board"]


@dataclass(frozen=True)
class Board:
    """A microcontroller board.

    Attributes
    ----------
    id
        Short name, the key in `BOARDS`.
    name, core
        The board, and the processor that runs the model.
    clock_mhz
        Highest clock of that core.
    flash_bytes, sram_bytes
        Memory for program and model, and memory for data.
    source
        Where the numbers stand.
    """

    id: str
    name: str
    core: str
    clock_mhz: int
    flash_bytes: int
    sram_bytes: int
    source: str


_KIB, _MIB = 1024, 1024 * 1024

BOARDS: dict[str, Board] = {
    board.id: board
    for board in (
        Board("uno", "Arduino Uno R3", "ATmega328P (AVR)", 16, 32 * _KIB, 2 * _KIB, ""),
        Board(
            "nano33ble",
            "Arduino Nano 33 BLE Sense",
            "nRF52840 (Cortex-M4F)",
            64,
            _MIB,
            256 * _KIB,
            "",
        ),
        Board("esp32", "ESP32", "ESP32 (Xtensa LX6)", 240, 4 * _MIB, 320 * _KIB, ""),
        Board("esp32s3", "ESP32-S3", "ESP32-S3 (Xtensa LX7)", 240, 8 * _MIB, 512 * _KIB, ""),
        Board("esp32c3", "ESP32-C3", "ESP32-C3 (RISC-V)", 160, 4 * _MIB, 400 * _KIB, ""),
        Board("pico", "Raspberry Pi Pico", "RP2040 (Cortex-M0+)", 133, 2 * _MIB, 264 * _KIB, ""),
        Board("pico2", "Raspberry Pi Pico 2", "RP2350 (Cortex-M33)", 150, 4 * _MIB, 520 * _KIB, ""),
        Board("l4r5zi", "NUCLEO-L4R5ZI", "STM32L4R5ZI (Cortex-M4F)", 120, 2 * _MIB, 640 * _KIB, ""),
        Board(
            "nrf5340",
            "nRF5340 DK",
            "nRF5340 application core (Cortex-M33)",
            128,
            _MIB,
            512 * _KIB,
            "",
        ),
    )
}


def find_board(name: str) -> Board:
    """Return a board by its id.

    Raises
    ------
    ValueError
        There is no such board; the message names the nearest ones.
    """
    if name not in BOARDS:
        near = get_close_matches(name.lower(), BOARDS, cutoff=0.4) or list(BOARDS)
        raise ValueError(f"no board {name!r}; did you mean {' or '.join(near)}?")
    return BOARDS[name]
