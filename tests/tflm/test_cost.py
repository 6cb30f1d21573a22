"""Time and energy: MACs by pencil, coefficients from their logs, left-out nets predicted."""

from statistics import median

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant

from qutils.errors import NoTimingDataError, QutilsError
from qutils.tflm import BOARDS, Model
from qutils.tflm.cost import estimate, find_result, macs, published
from qutils.tflm.example import tiny_model
from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.rates import CLASSES, Range, leave_out, rates
from qutils.tflm.timings import LIBRARIES, MLPERF, NETS, PICO_LAYERS, SINGLE

# Cycles per MAC of FC, CONV and DW as fitted outside this project from the same logs.
COEFFICIENTS = {
    ("l4r5zi", "tflm-cmsis-nn"): (4.57, 6.76, 20.2),
    ("l4r5zi", "microtvm-cmsis-nn"): (3.91, 3.74, 10.8),
    ("l4r5zi", "microtvm"): (5.32, 3.74, 29.3),
    ("l4r5zi", "x-cube-ai-7.1"): (4.39, 2.43, 20.7),
    ("l4r5zi", "x-cube-ai-8.1"): (3.11, 2.05, 9.3),
    ("l4r5zi", "plumerai"): (2.53, 1.66, 16.2),
    ("l4r5zi", "x-cube-ai-9.0"): (2.39, 1.58, 4.9),
    ("nrf5340", "microtvm-cmsis-nn"): (3.04, 3.24, 7.2),
    ("NUCLEO-H7A3ZI-Q", "x-cube-ai-7.3"): (1.94, 1.22, 6.3),
    ("NUCLEO-U575ZI-Q", "x-cube-ai-7.3"): (2.94, 1.79, 9.9),
    ("EK-RA6M4", "tflm-cmsis-nn"): (3.49, 3.94, 2.7),
    ("NuMaker-M467HJ", "onnc-cmsis-nn"): (3.70, 2.74, 9.5),
}


def fully_connected(dtype: type = np.int8) -> Model:
    """5 inputs, 3 outputs: 15 MACs."""
    kind = dtype.__name__.upper()
    tensors = (
        T((1, 5), kind, scale=1.0),
        constant(np.ones((3, 5), np.int8), scale=1.0),
        T((1, 3), kind, scale=1.0),
    )
    return Model.from_bytes(
        Graph(tensors, (Op("FULLY_CONNECTED", (0, 1), (2,)),), (0,), (2,)).to_bytes()
    )


def convolutions() -> Model:
    """A 2x3 convolution, a depthwise one, and RELU, which has no MACs.

    4 x 5 pixels, 2 channels in, 3 out, VALID: 3 x 3 pixels out.
    CONV: 3 * 3 * 3 outputs of 2 * 3 * 2 taps = 324.  DW, SAME, 2x2: 3 * 3 * 3 of 4 taps = 108.
    """
    tensors = (
        T((1, 4, 5, 2), scale=1.0),
        constant(np.ones((3, 2, 3, 2), np.int8), scale=1.0),
        constant(np.zeros(3, np.int32), "INT32", scale=1.0),
        T((1, 3, 3, 3), scale=1.0),
        constant(np.ones((1, 2, 2, 3), np.int8), scale=1.0),
        T((1, 3, 3, 3), scale=1.0),
        T((1, 3, 3, 3), scale=1.0),
    )
    conv = Op("CONV_2D", (0, 1, 2), (3,), {"padding": "VALID", "stride_w": 1, "stride_h": 1})
    depthwise = Op(
        "DEPTHWISE_CONV_2D",
        (3, 4, 2),
        (5,),
        {"padding": "SAME", "stride_w": 1, "stride_h": 1, "depth_multiplier": 1},
    )
    ops = (conv, depthwise, Op("RELU", (5,), (6,)))
    return Model.from_bytes(Graph(tensors, ops, (0,), (6,)).to_bytes())


def test_macs_by_pencil():
    assert [macs(o) for o in fully_connected().main.operators] == [15]
    assert [macs(o) for o in convolutions().main.operators] == [324, 108, 0]


def test_macs_of_kinds_without_published_times():
    def tensor(*shape: int) -> Tensor:
        return Tensor(0, "", shape, shape, "INT8", None, None, False)

    # 25 pixels of 4 channels, each spread over 2 x 2 pixels of 3 channels.
    weights, source = tensor(3, 2, 2, 4), tensor(1, 5, 5, 4)
    transposed = Operator(0, "TRANSPOSE_CONV", (tensor(4), weights, source), (source,), {})
    assert macs(transposed) == 25 * 4 * 2 * 2 * 3
    # 8 filters on 5 features and on 3 steps of time, for 2 sequences.
    svdf = Operator(0, "SVDF", (tensor(2, 5), tensor(8, 5), tensor(8, 3)), (tensor(2, 8),), {})
    assert macs(svdf) == 2 * (8 * 5 + 8 * 3)


def test_an_operator_without_published_times_is_named():
    tensors = (
        constant(np.array([1, 2, 2, 1]), "INT32"),
        constant(np.ones((1, 2, 2, 1), np.int8), scale=1.0),
        T((1, 1, 1, 1), scale=1.0),
        T((1, 2, 2, 1), scale=1.0),
    )
    options = {"padding": "VALID", "stride_w": 2, "stride_h": 2}
    op = Op("TRANSPOSE_CONV", (0, 1, 2), (3,), options)
    model = Model.from_bytes(Graph(tensors, (op,), (2,), (3,)).to_bytes())
    with pytest.raises(NoTimingDataError, match=r"TRANSPOSE_CONV .* published times of its kind"):
        estimate(model, "l4r5zi", "tflm-cmsis-nn")


def test_ranges():
    assert Range(1, 2) + Range(10, 20) == Range(11, 22)
    assert Range(1, 2).times(Range(3, 4)) == Range(3, 8)
    assert Range(1, 2).including(1.5, 3) == Range(1, 3)


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((79.6, 140.4), "80 to 140"),
        ((0.0123, 0.0987), "0.012 to 0.099"),
        ((9.96, 1234), "10 to 1,200"),
        ((0.0, 1.0), "0.0 to 1.0"),
    ],
)
def test_a_range_is_printed_with_two_digits(ends, words):
    assert str(Range(*ends)) == words


@pytest.mark.parametrize("result", MLPERF, ids=lambda r: f"{r.board} {r.library}")
def test_the_coefficients_follow_from_the_published_times(result):
    table = rates(result)
    fitted = [table[kind].per_mac for kind in ("FC", "CONV", "DW")]
    # The log's times have three digits: the fit is as sharp as that, but for differences.
    assert fitted == pytest.approx(COEFFICIENTS[result.board, result.library], rel=0.03)
    # By hand: ad has nothing but FC, ic nearly nothing but CONV, and DW is what kws has left.
    cycles = {net: 1e3 * result.clock_mhz * ms for net, ms in result.ms.items()}
    fc = cycles["ad"] / 264_192
    conv = (cycles["ic"] - 640 * fc) / 12_500_992
    dw = (cycles["kws"] - 768 * fc - 2_368_000 * conv) / 288_000
    assert fitted == pytest.approx([fc, conv, dw])


def test_a_left_out_net_is_predicted_within_12_percent_in_the_median(capsys):
    everything = []
    for net, worst in (("kws", 0.33), ("vww", 0.49)):
        predictions = leave_out(net)
        everything += predictions
        assert len(predictions) == len(MLPERF) == 12
        errors = [abs(p.error) for p in predictions]
        assert median(errors) <= 0.12
        assert max(errors) == pytest.approx(worst, abs=0.01)
    assert median(abs(p.error) for p in everything) <= 0.12
    worst_one = max(everything, key=lambda p: abs(p.error))
    with capsys.disabled():
        print(
            f"\nworst prediction: {worst_one.net} on {worst_one.result.board} with "
            f"{worst_one.result.library}, {worst_one.error:+.0%}"
        )


def test_only_two_nets_can_be_left_out():
    with pytest.raises(ValueError, match="only kws and vww can"):
        leave_out("ad")


def test_the_range_of_other_systems_holds_most_of_a_system_that_it_has_not_seen():
    predictions = [p for net in ("kws", "vww") for p in leave_out(net)]
    held = 0
    for p in predictions:
        others = sorted(q.ratio for q in predictions if q.result != p.result)
        held += others[1] <= p.ratio <= others[-2]
    # Drawn from one distribution, 20 of the 22 lie between their second ones from the ends.
    assert held >= 20


@pytest.mark.parametrize("result", MLPERF, ids=lambda r: f"{r.board} {r.library}")
@pytest.mark.parametrize("net", ["ad", "ic", "kws", "vww"])
def test_every_published_time_lies_in_its_range(result, net):
    table = rates(result)
    point = sum(NETS[net][kind] * table[kind].per_mac for kind in CLASSES.values())
    cycles = table["CONV"].spread.times(Range(point, point))
    # 1e-9: a bound that is this very time.
    assert cycles.low * (1 - 1e-9) <= 1e3 * result.clock_mhz * result.ms[net]
    assert 1e3 * result.clock_mhz * result.ms[net] <= cycles.high * (1 + 1e-9)


def test_an_estimate_by_pencil():
    # 15 MACs of 10.05 ms * 120 MHz / 264192 = 4.565 cycles: 68.47; the spread is tested above.
    cost = estimate(fully_connected(), "l4r5zi", "tflm-cmsis-nn")
    spread = rates(find_result("l4r5zi", "tflm-cmsis-nn"))["FC"].spread
    assert cost.cycles.low == pytest.approx(68.47 * spread.low, rel=1e-3)
    assert cost.cycles.high == pytest.approx(68.47 * spread.high, rel=1e-3)
    assert cost.ms.low == pytest.approx(cost.cycles.low / 120_000)
    # ad takes 0.42 mJ in 10.05 ms: 41.8 mW, and the other nets 40 to 42.
    assert cost.power_mw.low == pytest.approx(40.4, abs=0.1)
    assert cost.power_mw.high == pytest.approx(41.8, abs=0.1)
    assert cost.mj.low == pytest.approx(cost.ms.low * cost.power_mw.low / 1000)
    assert cost.source == "mlcommons/tiny_results_v0.5, closed/reference/results/Nucleo-L4R5ZI"
    assert "vww on this system by -15%" in cost.known_error
    assert "mJ on the NUCLEO-L4R5ZI at 120 MHz" in str(cost)


def test_operators_add_up_and_those_without_macs_have_no_figure():
    cost = estimate(convolutions(), "l4r5zi", "x-cube-ai-9.0")
    conv, depthwise, relu = cost.operators
    assert cost.cycles == conv.cycles + depthwise.cycles
    assert cost.ms.high == pytest.approx(conv.ms.high + depthwise.ms.high)
    assert cost.mj.low == pytest.approx(conv.mj.low + depthwise.mj.low)
    assert (relu.macs, relu.cycles, relu.ms, relu.mj) == (0, None, None, None)


def test_without_published_energy_there_is_none():
    cost = estimate(convolutions(), "nrf5340", "microtvm-cmsis-nn")
    assert cost.mj is None
    assert cost.power_mw is None
    assert all(operator.mj is None for operator in cost.operators)
    assert "an energy that nobody has published" in str(cost)


@pytest.mark.parametrize("result", SINGLE[:6], ids=lambda r: f"{r.board} {r.library}")
def test_one_published_net_gives_one_coefficient_and_a_wide_range(result):
    fc, conv, dw = rates(result).values()
    assert fc == conv == dw
    assert fc.per_mac == pytest.approx(
        1e3 * result.clock_mhz * result.ms["person_detect"] / 7_157_888
    )
    assert fc.spread.high / fc.spread.low > 3
    assert "one net only" in fc.evidence


def test_the_pico_has_figures_for_single_layers():
    table = rates(find_result("pico", "tflm-cmsis-nn"))
    assert table["CONV"].per_mac == pytest.approx(7.8, abs=0.05)
    assert table["CONV"].per_output == pytest.approx(86, abs=0.5)
    assert table["DW"].per_mac == pytest.approx(38.8, abs=0.05)
    assert "off by 3% in the median" in table["CONV"].evidence
    assert "off by 9% in the median and 58% at worst" in table["DW"].evidence
    assert "one net only" in table["FC"].evidence
    # The layers of the log add up to its total, and to the net's MACs, but for pooling,
    # softmax, reshape and a last convolution of 512 MACs: 870 + 338 + 22 + 217 microseconds.
    layers = [(kind, *layer) for kind, found in PICO_LAYERS.items() for layer in found]
    assert sum(us for *_, us in layers) + 1447 == 782_478
    counts = {
        "DW": sum(s * s * 9 * out for kind, s, _, out, _ in layers if kind == "DW"),
        "CONV": 512 + sum(s * s * n * out for kind, s, n, out, _ in layers if kind == "CONV"),
    }
    assert NETS["person_detect"] == {"FC": 0, **counts}
    # The estimate of the whole net holds its measured time.
    cost = sum(
        s * s * out * (table[kind].per_mac * (9 if kind == "DW" else n) + table[kind].per_output)
        for kind, s, n, out, _ in layers
    )
    assert cost / 125e3 == pytest.approx(782, rel=0.05)


def test_published_results_name_known_boards_and_libraries():
    assert {(board, library) for board, library in published()} == {
        (r.board, r.library) for r in (*MLPERF, *SINGLE) if r.board in BOARDS
    }
    for result in (*MLPERF, *SINGLE):
        assert result.library in LIBRARIES
        assert set(result.ms) <= set(NETS)
        assert set(result.mj) <= set(result.ms)
        assert "/" in result.source


@pytest.mark.parametrize(
    ("board", "library", "words"),
    [
        ("nano33ble", "tflm-cmsis-nn", "times of tflm-cmsis-nn on l4r5zi and pico$"),
        ("esp32", "plumerai", "of tflm and tflm-esp-nn on esp32, and of plumerai on l4r5zi$"),
        (
            "uno",
            "x-cube-ai-7.3",
            "of the boards l4r5zi, nrf5340, .* and pico$",
        ),
    ],
)
def test_without_published_times_there_is_no_estimate(board, library, words):
    with pytest.raises(NoTimingDataError, match=words) as error:
        estimate(fully_connected(), board, library)
    assert isinstance(error.value, QutilsError)


def test_unknown_names_are_helped():
    with pytest.raises(ValueError, match=r"no library 'cmsis-nn'; did you mean .*tflm-cmsis-nn"):
        estimate(fully_connected(), "l4r5zi", "cmsis-nn")
    with pytest.raises(ValueError, match="no board 'L4R5'; did you mean l4r5zi"):
        estimate(fully_connected(), "L4R5", "tflm")


def test_the_library_has_no_default():
    with pytest.raises(TypeError, match="library"):
        estimate(fully_connected(), "l4r5zi")


def test_other_types_and_other_operators_have_no_estimate():
    with pytest.raises(NoTimingDataError, match=r"operator 0 FULLY_CONNECTED .*are for int8"):
        estimate(fully_connected(np.int16), "l4r5zi", "tflm-cmsis-nn")
    with pytest.raises(NoTimingDataError, match="no convolution and no fully connected layer"):
        estimate(tiny_model(), "l4r5zi", "tflm-cmsis-nn")
