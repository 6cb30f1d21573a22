"""Boards as data, and whether a model fits one."""

from dataclasses import dataclass
from difflib import get_close_matches


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
        The document that states the sizes.
    checked
        What the sizes were compared with; "data sheet" where its own text was read.
    word_bits
        Width of the processor's words.
    """

    id: str
    name: str
    core: str
    clock_mhz: int
    flash_bytes: int
    sram_bytes: int
    source: str
    checked: str
    word_bits: int = 32


_KIB, _MIB = 1024, 1024 * 1024

_ALL = (
    Board(
        id="uno",
        name="Arduino Uno R3",
        core="ATmega328P (AVR, 8 bits)",
        clock_mhz=16,
        flash_bytes=32 * _KIB,
        sram_bytes=2 * _KIB,
        source="ATmega328P data sheet (Microchip), features, page 1",
        checked="data sheet",
        word_bits=8,
    ),
    Board(
        id="nano33ble",
        name="Arduino Nano 33 BLE Sense",
        core="nRF52840 (Cortex-M4F)",
        clock_mhz=64,
        flash_bytes=_MIB,
        sram_bytes=256 * _KIB,
        source="nRF52840 Product Specification (Nordic), key features",
        checked="PlatformIO's description of the nRF52840",
    ),
    Board(
        id="esp32",
        name="ESP32 module with 4 MB flash",
        core="ESP32 (Xtensa LX6)",
        clock_mhz=240,
        flash_bytes=4 * _MIB,
        sram_bytes=320 * _KIB,
        source=(
            "ESP-IDF Programming Guide (Espressif), Heap Memory Allocation: of 520 KB SRAM, "
            "320 KB are data RAM; flash depends on the module"
        ),
        checked="the guide's text",
    ),
    Board(
        id="esp32s3",
        name="ESP32-S3 module with 8 MB flash",
        core="ESP32-S3 (Xtensa LX7)",
        clock_mhz=240,
        flash_bytes=8 * _MIB,
        sram_bytes=512 * _KIB,
        source=(
            "ESP32-S3 Series Datasheet (Espressif), memory: caches take a part of the SRAM; flash "
            "depends on the module"
        ),
        checked="Espressif's product page",
    ),
    Board(
        id="esp32c3",
        name="ESP32-C3 module with 4 MB flash",
        core="ESP32-C3 (RISC-V)",
        clock_mhz=160,
        flash_bytes=4 * _MIB,
        sram_bytes=400 * _KIB,
        source=(
            "ESP32-C3 Series Datasheet (Espressif), memory: 16 KB of the SRAM are cache; flash "
            "depends on the module"
        ),
        checked="Zephyr's description of the ESP32-C3",
    ),
    Board(
        id="pico",
        name="Raspberry Pi Pico",
        core="RP2040 (Cortex-M0+)",
        clock_mhz=133,
        flash_bytes=2 * _MIB,
        sram_bytes=264 * _KIB,
        source="Raspberry Pi Pico Datasheet and RP2040 Datasheet (Raspberry Pi), introduction",
        checked="RIOT's description of the board, MicroPython's of the RP2040",
    ),
    Board(
        id="pico2",
        name="Raspberry Pi Pico 2",
        core="RP2350 (Cortex-M33)",
        clock_mhz=150,
        flash_bytes=4 * _MIB,
        sram_bytes=520 * _KIB,
        source="Raspberry Pi Pico 2 Datasheet and RP2350 Datasheet (Raspberry Pi), introduction",
        checked="Zephyr's description of the board",
    ),
    Board(
        id="l4r5zi",
        name="NUCLEO-L4R5ZI",
        core="STM32L4R5ZI (Cortex-M4F)",
        clock_mhz=120,
        flash_bytes=2 * _MIB,
        sram_bytes=640 * _KIB,
        source="STM32L4R5xx data sheet DS12023 (STMicroelectronics), features",
        checked="RIOT's description of the board",
    ),
    Board(
        id="nrf5340",
        name="nRF5340 DK",
        core="nRF5340 application core (Cortex-M33)",
        clock_mhz=128,
        flash_bytes=_MIB,
        sram_bytes=512 * _KIB,
        source="nRF5340 Product Specification (Nordic), memory",
        checked="Zephyr's device tree of the nRF5340",
    ),
)

BOARDS: dict[str, Board] = {board.id: board for board in _ALL}


def find_board(name: str) -> Board:
    """Return a board by its id.

    Raises
    ------
    ValueError
        There is no such board; the message names the nearest ones.

    Examples
    --------
    >>> find_board("nano33ble").sram_bytes
    262144
    >>> find_board("pico3")
    Traceback (most recent call last):
    ValueError: no board 'pico3'; did you mean pico or pico2?
    """
    if name not in BOARDS:
        near = get_close_matches(name.lower(), BOARDS, cutoff=0.5) or list(BOARDS)
        raise ValueError(f"no board {name!r}; did you mean {' or '.join(near)}?")
    return BOARDS[name]
