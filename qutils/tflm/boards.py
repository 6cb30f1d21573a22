"""Boards as data: sizes with the document that states them, and with what was compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

_Value = TypeVar("_Value")


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
        Memory for program and model, and all memory for data.
    arena_limit_bytes
        The largest static array that a program with nothing else in it has room for: the
        memory region that `linker` names.  An arena is one array; what caches, stacks or other
        regions take is already gone.
    source
        The data sheet that states the sizes, and where in it.
    linker
        The file that states `arena_limit_bytes`.
    checked
        Texts in which the sizes were read; a data sheet that is not named here is cited without
        having been read.
    word_bits
        Width of the processor's words.
    """

    id: str
    name: str
    core: str
    clock_mhz: int
    flash_bytes: int
    sram_bytes: int
    arena_limit_bytes: int
    source: str
    linker: str
    checked: str
    word_bits: int = 32


_KIB, _MIB = 1024, 1024 * 1024
_ESP_COMPARISON = "ESP-IDF Programming Guide 5.0, Chip Series Comparison"
_PICO_SERIES = "Raspberry Pi's documentation of the Pico series, Key features"

_ALL = (
    Board(
        id="uno",
        name="Arduino Uno R3",
        core="ATmega328P (AVR, 8 bits)",
        clock_mhz=16,
        flash_bytes=32 * _KIB,
        sram_bytes=2 * _KIB,
        arena_limit_bytes=2 * _KIB,
        source="ATmega328P data sheet (Microchip), Features, page 1",
        linker="arduino/ArduinoCore-avr, boards.txt: uno.upload.maximum_data_size",
        checked="the data sheet; boards.txt, where a bootloader leaves 32,256 bytes of flash",
        word_bits=8,
    ),
    Board(
        id="nano33ble",
        name="Arduino Nano 33 BLE Sense",
        core="nRF52840 (Cortex-M4F)",
        clock_mhz=64,
        flash_bytes=_MIB,
        sram_bytes=256 * _KIB,
        arena_limit_bytes=256 * _KIB,
        source="Arduino Nano 33 BLE Sense data sheet (ABX00031), Features: NINA B306 Module",
        linker="NordicSemiconductor/nrfx, nrf52840_xxaa.ld: RAM",
        checked="the data sheet; the linker script",
    ),
    Board(
        id="esp32",
        name="ESP32 module with 4 MB flash",
        core="ESP32 (Xtensa LX6)",
        clock_mhz=240,
        flash_bytes=4 * _MIB,
        sram_bytes=520 * _KIB,
        arena_limit_bytes=0x2C200,
        source="ESP32 Series Datasheet (Espressif), Internal Memory; flash is the module's",
        linker="espressif/esp-idf, ld/esp32/memory.ld.in: dram0_0_seg",
        checked=(
            f"{_ESP_COMPARISON}; the linker script; Memory Types in the same guide: of 320 KB of "
            "data RAM at most 160 KB are static"
        ),
    ),
    Board(
        id="esp32s3",
        name="ESP32-S3 module with 8 MB flash",
        core="ESP32-S3 (Xtensa LX7)",
        clock_mhz=240,
        flash_bytes=8 * _MIB,
        sram_bytes=512 * _KIB,
        arena_limit_bytes=0x403CB700 - 0x40378000,
        source="ESP32-S3 Series Datasheet 2.0 (Espressif), Internal Memory; flash is the module's",
        linker="espressif/esp-idf, ld/esp32s3/memory.ld.in: dram0_0_seg, shared with code in IRAM",
        checked=f"{_ESP_COMPARISON}; the linker script",
    ),
    Board(
        id="esp32c3",
        name="ESP32-C3 module with 4 MB flash",
        core="ESP32-C3 (RISC-V)",
        clock_mhz=160,
        flash_bytes=4 * _MIB,
        sram_bytes=400 * _KIB,
        arena_limit_bytes=0x403D0000 - 0x40380000,
        source="ESP32-C3 Series Datasheet 2.0 (Espressif), Internal Memory; flash is the module's",
        linker="espressif/esp-idf, ld/esp32c3/memory.ld.in: dram0_0_seg, shared with code in IRAM",
        checked=f"the data sheet's cover (flash); {_ESP_COMPARISON}; the linker script",
    ),
    Board(
        id="pico",
        name="Raspberry Pi Pico",
        core="RP2040 (Cortex-M0+)",
        clock_mhz=133,
        flash_bytes=2 * _MIB,
        sram_bytes=264 * _KIB,
        arena_limit_bytes=256 * _KIB,
        source=(
            "Raspberry Pi Pico Datasheet (RP-008307-DS) and RP2040 Datasheet (RP-008371-DS), "
            "introduction"
        ),
        linker="raspberrypi/pico-sdk, rp2040/memmap_default.ld: RAM, beside two regions of 4 KB",
        checked=f"{_PICO_SERIES}; the linker script; boards/pico.h",
    ),
    Board(
        id="pico2",
        name="Raspberry Pi Pico 2",
        core="RP2350 (Cortex-M33)",
        clock_mhz=150,
        flash_bytes=4 * _MIB,
        sram_bytes=520 * _KIB,
        arena_limit_bytes=512 * _KIB,
        source=(
            "Raspberry Pi Pico 2 Datasheet (RP-008299-DS) and RP2350 Datasheet (RP-008373-DS), "
            "introduction"
        ),
        linker="raspberrypi/pico-sdk, rp2350/memmap_default.ld: RAM, beside two regions of 4 KB",
        checked=f"{_PICO_SERIES}; the linker script; boards/pico2.h",
    ),
    Board(
        id="l4r5zi",
        name="NUCLEO-L4R5ZI",
        core="STM32L4R5ZI (Cortex-M4F)",
        clock_mhz=120,
        flash_bytes=2 * _MIB,
        sram_bytes=640 * _KIB,
        arena_limit_bytes=640 * _KIB,
        source="STM32L4R5xx data sheet DS12023 (STMicroelectronics), Features",
        linker="STMicroelectronics/STM32CubeL4, STM32L4R5ZITX_FLASH.ld: RAM",
        checked="the linker script; the system description in ST's submission to MLPerf Tiny",
    ),
    Board(
        id="nrf5340",
        name="nRF5340 DK",
        core="nRF5340 application core (Cortex-M33)",
        clock_mhz=128,
        flash_bytes=_MIB,
        sram_bytes=512 * _KIB,
        arena_limit_bytes=512 * _KIB,
        source="nRF5340 Product Specification (Nordic), Memory of the application core",
        linker="Zephyr, dts/arm/nordic/nrf5340_cpuapp_qkaa.dtsi: sram0",
        checked="the device tree; the system description in a submission to MLPerf Tiny",
    ),
)

BOARDS: dict[str, Board] = {board.id: board for board in _ALL}


def look_up(table: Mapping[str, _Value], kind: str, name: str) -> _Value:
    """Return an entry by its name.

    Raises
    ------
    ValueError
        There is none; the message names the nearest ones.

    Examples
    --------
    >>> look_up({"apple": 1, "fig": 2}, "fruit", "Aple")
    Traceback (most recent call last):
    ValueError: no fruit 'Aple'; did you mean apple?
    """
    if name not in table:
        near = get_close_matches(name.lower(), table, cutoff=0.5) or list(table)
        raise ValueError(f"no {kind} {name!r}; did you mean {' or '.join(near)}?")
    return table[name]


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
    return look_up(BOARDS, "board", name)
