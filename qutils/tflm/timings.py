"""Published times and energies as data, each with the log that states it.

The nets of MLPerf Tiny are ad (anomaly detection), ic (image classification), kws (keyword
spotting) and vww (visual wake words); person_detect is TFLM's example.  All are int8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Multiply-accumulates of each net by class of operator: fully connected, convolution,
# depthwise convolution.  Taps that fall on padding count.
NETS: dict[str, dict[str, int]] = {
    "ad": {"FC": 264_192, "CONV": 0, "DW": 0},
    "ic": {"FC": 640, "CONV": 12_500_992, "DW": 0},
    "kws": {"FC": 768, "CONV": 2_368_000, "DW": 288_000},
    "vww": {"FC": 512, "CONV": 6_690_816, "DW": 798_336},
    "person_detect": {"FC": 0, "CONV": 6_193_664, "DW": 964_224},
}


@dataclass(frozen=True)
class Library:
    """What computes the operators on a device.

    Attributes
    ----------
    id, name
        Key in `LIBRARIES`, and in words.
    replaces
        Operators for which it brings kernels of its own; TFLM's reference kernels run the
        others.  None where it replaces the whole interpreter and its maker says what it runs.
    source
        Where the kernels were counted.
    """

    id: str
    name: str
    replaces: frozenset[str] | None
    source: str = ""


_ESP_NN = "ADD CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED MUL AVERAGE_POOL_2D MAX_POOL_2D SOFTMAX"
_CMSIS_NN = (
    f"{_ESP_NN} BATCH_MATMUL MAXIMUM MINIMUM PAD PADV2 SVDF TRANSPOSE TRANSPOSE_CONV "
    "UNIDIRECTIONAL_SEQUENCE_LSTM"
)
_LIBRARIES = (
    Library("tflm", "TFLite Micro, reference kernels", frozenset()),
    Library(
        "tflm-esp-nn",
        "TFLite Micro with ESP-NN",
        frozenset(_ESP_NN.split()),
        "espressif/esp-tflite-micro, tensorflow/lite/micro/kernels/esp_nn",
    ),
    Library(
        "tflm-cmsis-nn",
        "TFLite Micro with CMSIS-NN",
        frozenset(_CMSIS_NN.split()),
        "tensorflow/tflite-micro, tensorflow/lite/micro/kernels/cmsis_nn",
    ),
    Library("microtvm", "microTVM, native schedules", None),
    Library("microtvm-cmsis-nn", "microTVM with CMSIS-NN", None),
    Library("onnc-cmsis-nn", "ONNC with CMSIS-NN", None),
    Library("plumerai", "Plumerai Inference Engine", None),
    Library("x-cube-ai-7.1", "X-CUBE-AI 7.1", None),
    Library("x-cube-ai-7.3", "X-CUBE-AI 7.3", None),
    Library("x-cube-ai-8.1", "X-CUBE-AI 8.1", None),
    Library("x-cube-ai-9.0", "X-CUBE-AI 9.0", None),
)
LIBRARIES: dict[str, Library] = {library.id: library for library in _LIBRARIES}


@dataclass(frozen=True)
class Result:
    """What one log reports of one board and library.

    Attributes
    ----------
    board
        Id in `BOARDS`, or the name of a board that serves for validation only.
    core, clock_mhz
        The processor and its clock during the measurement.
    library
        Id in `LIBRARIES`.
    ms
        Time of an inference for each net.
    mj
        Energy of an inference for each net that it was measured for.
    source
        The log.
    """

    board: str
    core: str
    clock_mhz: int
    library: str
    ms: Mapping[str, float]
    source: str
    mj: Mapping[str, float] = field(default_factory=dict)


def _mlperf(
    version: str,
    folder: str,
    board: str,
    core: str,
    clock_mhz: int,
    library: str,
    ms: tuple[float, ...],
    mj: tuple[float | None, ...] = (),
) -> Result:
    nets = ("ad", "ic", "kws", "vww")
    return Result(
        board=board,
        core=core,
        clock_mhz=clock_mhz,
        library=library,
        ms=dict(zip(nets, ms, strict=True)),
        source=f"mlcommons/tiny_results_{version}, closed/{folder}",
        mj={net: x for net, x in zip(nets, mj, strict=False) if x is not None},
    )


# MLPerf Tiny, closed division: the median of five runs in performance/results.txt and
# energy/results.txt below each folder.  The clocks are those of the system descriptions.
_L4R5 = ("l4r5zi", "Cortex-M4", 120)
MLPERF = (
    _mlperf(
        "v0.5",
        "reference/results/Nucleo-L4R5ZI",
        *_L4R5,
        "tflm-cmsis-nn",
        (10.05, 704, 182, 601),
        (0.42, 29.2, 7.37, 24.3),
    ),
    _mlperf(
        "v1.0",
        "OctoML/results/microtvm_cmsis_nn/NUCLEO_L4R5ZI",
        *_L4R5,
        "microtvm-cmsis-nn",
        (8.60, 390, 99.8, 301),
        (0.44, 20.2, 5.23, 15.5),
    ),
    _mlperf(
        "v1.0",
        "OctoML/results/microtvm_native/NUCLEO_L4R5ZI",
        *_L4R5,
        "microtvm",
        (11.7, 389, 144, 336),
        (0.63, 21.3, 7.95, 17.1),
    ),
    _mlperf(
        "v0.7",
        "STMicroelectronics/results/NUCLEO_L4R5ZI",
        *_L4R5,
        "x-cube-ai-7.1",
        (9.67, 253, 97.7, 255),
        (0.43, 12.3, 4.64, 12.3),
    ),
    _mlperf(
        "v1.1",
        "STMicroelectronics/results/NUCLEO_L4R5ZI",
        *_L4R5,
        "x-cube-ai-8.1",
        (6.86, 214, 62.9, 119),
        (0.29, 7.02, 2.83, 5.62),
    ),
    _mlperf(
        "v1.0",
        "plumerai/results/NUCLEO_L4R5ZI",
        *_L4R5,
        "plumerai",
        (5.57, 173, 71.7, 209),
    ),
    _mlperf(
        "v1.2",
        "STMicroelectronics/results/NUCLEO_L4R5ZI",
        *_L4R5,
        "x-cube-ai-9.0",
        (5.26, 165, 43.1, 88.9),
        (0.20, 6.92, 1.82, 3.89),
    ),
    _mlperf(
        "v1.0",
        "OctoML/results/microtvm_cmsis_nn/NRF5340-DK",
        "nrf5340",
        "Cortex-M33",
        128,
        "microtvm-cmsis-nn",
        (6.27, 316, 76.1, 232),
    ),
    _mlperf(
        "v1.0",
        "STMicroelectronics/results/NUCLEO-H7A3ZI-Q",
        "NUCLEO-H7A3ZI-Q",
        "Cortex-M7",
        280,
        "x-cube-ai-7.3",
        (1.83, 54.3, 16.8, 50.7),
        (0.27, None, 2.72, 7.98),
    ),
    _mlperf(
        "v1.0",
        "STMicroelectronics/results/NUCLEO-U575ZI-Q",
        "NUCLEO-U575ZI-Q",
        "Cortex-M33",
        160,
        "x-cube-ai-7.3",
        (4.85, 140, 44.2, 133),
        (0.12, 3.64, 1.14, 3.36),
    ),
    _mlperf(
        "v0.7",
        "renesas/results/EK-RA6M4",
        "EK-RA6M4",
        "Cortex-M33",
        200,
        "tflm-cmsis-nn",
        (4.61, 246, 50.6, 162),
        (0.32, 17.7, 3.80, 11.9),
    ),
    _mlperf(
        "v1.1",
        "Nuvoton/results/NUMAKER_M467HJ-zephyr",
        "NuMaker-M467HJ",
        "Cortex-M4",
        200,
        "onnc-cmsis-nn",
        (4.89, 171, 46.2, 98.7),
    ),
)

# One net each.  A Pico runs at 125 MHz unless a program changes it; the log does not say.
_ESP_README = "espressif/esp-tflite-micro, README.md, Performance Comparison"
_PICO_LOG = "raspberrypi/pico-tflmicro, benchmark_results.txt, Original"
SINGLE = tuple(
    Result(board, core, clock_mhz, library, {"person_detect": ms}, source)
    for board, core, clock_mhz, library, ms, source in (
        ("esp32", "Xtensa LX6", 240, "tflm", 4084, _ESP_README),
        ("esp32", "Xtensa LX6", 240, "tflm-esp-nn", 380, _ESP_README),
        ("esp32s3", "Xtensa LX7", 240, "tflm", 2300, _ESP_README),
        ("esp32s3", "Xtensa LX7", 240, "tflm-esp-nn", 54, _ESP_README),
        ("esp32c3", "RISC-V", 160, "tflm", 3355, _ESP_README),
        ("esp32c3", "RISC-V", 160, "tflm-esp-nn", 426, _ESP_README),
        ("pico", "Cortex-M0+", 125, "tflm-cmsis-nn", 782, _PICO_LOG),
    )
)

# The same log's person_detect on the Pico, layer by layer: side of the square output, channels
# in and out, microseconds.  (The log calls them milliseconds; they add up to 782 ms.)
PICO_LAYERS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    # 3x3, one filter for each output channel.
    "DW": (
        (48, 1, 8, 34561),
        (48, 8, 8, 60270),
        (24, 16, 16, 29554),
        (24, 32, 32, 57453),
        (12, 32, 32, 14471),
        (12, 64, 64, 27611),
        (6, 64, 64, 7013),
        (6, 128, 128, 15268),
        (6, 128, 128, 12980),
        (6, 128, 128, 13015),
        (6, 128, 128, 12987),
        (6, 128, 128, 12986),
        (3, 128, 128, 3519),
        (3, 256, 256, 5959),
    ),
    # 1x1.
    "CONV": (
        (48, 8, 16, 46264),
        (24, 16, 32, 31129),
        (24, 32, 32, 47209),
        (12, 32, 64, 23856),
        (12, 64, 64, 40094),
        (6, 64, 128, 21395),
        (6, 128, 128, 38805),
        (6, 128, 128, 38766),
        (6, 128, 128, 38739),
        (6, 128, 128, 38784),
        (6, 128, 128, 38744),
        (3, 128, 256, 23982),
        (3, 256, 256, 45617),
    ),
}
