"""A report as values, as text and as a page, on models small enough to check."""

import json
import re

import numpy as np
import pytest
from flatmodel import Graph, Op, T
from pairs import float_graph, int8_graph
from playwright.sync_api import sync_playwright
from rich.console import Console

from qutils.tflm import BOARDS, Model, fits, plan_arena
from qutils.tflm.report import Report, compare, make_report
from qutils.tflm.report.page import page
from qutils.tflm.report.tables import errors_table, layers_table, printable
from qutils.tflm.report.terminal import comparison_text, report_text

INT8 = Model.from_bytes(int8_graph().to_bytes())
FLOAT = Model.from_bytes(float_graph().to_bytes())
DATA = np.array([[1.0, 1.5], [0.5, 0.5]], np.float32)


def full_report(output_scale: float = 1.0) -> Report:
    """With times and with errors; a small output scale makes the layer go wrong."""
    return make_report(
        Model.from_bytes(int8_graph(output_scale).to_bytes()),
        "pair.tflite",
        board="l4r5zi",
        library="tflm-cmsis-nn",
        reference=FLOAT,
        data=DATA,
    )


def printed(parts, width: int = 80) -> str:
    console = Console(width=width, highlight=False, markup=False)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return capture.get()


def test_the_values_of_one_layer():
    report = full_report()
    (layer,) = report.layers
    assert (layer.operator, layer.name, layer.type, layer.shape) == (
        0,
        "FULLY_CONNECTED",
        "INT8",
        (1, 1),
    )
    # Two weights of one byte, and one byte out.
    assert (layer.macs, layer.constant_bytes, layer.output_bytes) == (2, 2, 1)
    assert report.ms == layer.ms
    assert report.mj == layer.mj
    assert report.verdicts == (fits(INT8, "l4r5zi", library="tflm-cmsis-nn"),)
    assert report.plan == plan_arena(INT8)
    assert report.summary() == (
        f"{INT8.size_bytes:,} bytes, 1 operator, 2 MACs; in: INT8 1x2; out: INT8 1x1."
    )


def test_without_a_board_all_are_judged():
    assert [verdict.board.id for verdict in make_report(INT8, "x").verdicts] == list(BOARDS)


def test_the_verdict_names_what_the_library_makes_faster():
    report = make_report(INT8, "x", board="l4r5zi", library="tflm-cmsis-nn")
    assert report.verdicts[0].reasons[2].endswith("brings kernels for all of them.")


def test_no_published_times_are_a_sentence_not_an_error():
    report = make_report(INT8, "x", board="nano33ble", library="tflm")
    assert report.ms is None
    assert report.timing.startswith("No estimate of time: nobody has published")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"library": "tflm"}, "give the board too"),
        ({"board": "pico3"}, "did you mean pico or pico2"),
        ({"board": "pico", "library": "cmsis"}, "cmsis"),
        ({"reference": FLOAT}, "give both"),
        ({"reference": FLOAT, "data": np.zeros((1, 3))}, "takes an array of shape"),
        ({"reference": INT8, "data": DATA}, "float model's input is INT8"),
    ],
    ids=["library alone", "board", "library", "no data", "shape", "no float model"],
)
def test_what_does_not_belong_together_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        make_report(INT8, "x", **arguments)


def test_json_holds_everything_and_no_infinity():
    text = json.dumps(full_report().to_json(), allow_nan=False)
    values = json.loads(text)
    assert values["verdicts"][0]["fits"] is True
    assert values["layers"][0]["macs"] == 2
    assert values["errors"][0]["sqnr_db"] is None  # the input is exact
    assert values["first_wrong"] is None
    wrong = full_report(1 / 64).to_json()["first_wrong"]
    assert (wrong["operator"], wrong["name"]) == (0, "FULLY_CONNECTED")


def test_sentences():
    assert "Most is alive at step 1, operator 0 FULLY_CONNECTED" in full_report().arena_sentence()
    assert full_report().error_sentence().startswith("No layer goes wrong by itself")
    assert (
        full_report(1 / 64)
        .error_sentence()
        .startswith("It goes wrong at operator 0 FULLY_CONNECTED")
    )


def test_the_table_sums_up():
    table = layers_table(full_report(), wide=True)
    assert table.columns[-2:] == (">ms", ">mJ")
    assert table.rows[-1][:6] == ("", "all", "", "", "2", "2")
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert errors_table(full_report(1 / 64).errors).strong == {1}
    assert errors_table(full_report().errors).rows[0][2] == "exact"


@pytest.mark.parametrize("width", [80, 60])
def test_text_stays_inside_its_width(width):
    text = printed(report_text(full_report(), width), width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert "The model fits the NUCLEO-L4R5ZI." in text


def test_a_narrow_terminal_breaks_cells_and_cuts_none():
    text = printed([*report_text(full_report(), 40)], 40)
    assert "…" not in text
    assert "FULLY" in text


def test_the_arena_is_drawn_by_pencil():
    """A cell shows a buffer exactly where the plan has it: three of 64 bytes, three steps."""
    a = T((1, 64), scale=1.0)
    graph = Graph((a, a, a), (Op("RELU", (0,), (1,)), Op("RELU", (1,), (2,))), (0,), (2,))
    text = printed(report_text(make_report(Model.from_bytes(graph.to_bytes()), "x"), 80))
    drawn = text[text.index("Arena") :]
    rows = [line.split() for line in re.findall(r"^ +\d+ .*$", drawn, re.MULTILINE)]
    cells = {int(row[0]): row[1:] for row in rows}
    assert set(cells) == {0, 16, 32, 48, 64, 80, 96, 112}
    plan = plan_arena(Model.from_bytes(graph.to_bytes()))
    for allocation, mark in zip(plan.allocations, ("in", "0", "1"), strict=True):
        for place, row in cells.items():
            for step, cell in enumerate(row):
                inside = allocation.offset <= place < allocation.offset + 64
                alive = allocation.first <= step <= allocation.last
                assert (cell == mark) == (inside and alive)


def test_names_cannot_steer_the_terminal():
    tensors = (T((1, 2), scale=1.0, name="\x1b[2Jx"), T((1, 2), scale=1.0, name="y[bold]"))
    graph = Graph(tensors, (Op("RELU", (0,), (1,)),), (0,), (1,))
    report = make_report(Model.from_bytes(graph.to_bytes()), "\x1b]0;title\x07.tflite")
    assert "\x1b" not in printed(report_text(report, 80))
    assert "\x1b" not in page(report)
    assert printable("a\nb\x9bc") == "a\nb?c"


def test_compare_two_models():
    comparison = compare((INT8, FLOAT), ("a", "b"), DATA)
    rows = {key: values for key, *values in comparison.rows}
    assert rows["file, bytes"] == [INT8.size_bytes, FLOAT.size_bytes]
    assert rows["MACs"] == [2, 2]
    assert rows["input"] == ["INT8 1x2", "FLOAT32 1x2"]
    assert rows["  FULLY_CONNECTED"] == [1, 1]
    # Outputs 4 and 2 against 4 and 1.5: signal 20, noise 0.25.
    expected = 10 * np.log10(20 / 0.25)
    assert f"2 samples: SQNR {expected:.1f} dB" in comparison.agreement[0]
    assert "largest difference 0.5" in comparison.agreement[0]
    assert "head of the arena" in printed(comparison_text(comparison))


def test_outputs_of_other_shapes_are_refused():
    a = T((1, 2), "FLOAT32")
    other = Model.from_bytes(Graph((a, a), (Op("RELU", (0,), (1,)),), (0,), (1,)).to_bytes())
    with pytest.raises(ValueError, match="different shapes"):
        compare((FLOAT, other), ("a", "b"), DATA)


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield running
        running.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_in_a_browser(browser, tmp_path, width, scheme):
    path = tmp_path / "report.html"
    path.write_text(page(full_report()), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests, problems = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: problems.append(message.text))
    tab.goto(path.as_uri())
    wide = tab.evaluate("() => document.documentElement.scrollWidth")
    images = tab.evaluate(
        "() => [...document.images].map(i => [i.alt, i.complete && i.naturalWidth > 0])"
    )
    heads = tab.evaluate("() => [...document.querySelectorAll('th')].map(t => t.scope)")
    tab.close()
    assert wide <= width
    assert problems == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len(images) == 4
    assert all(alt.endswith(".") and loaded for alt, loaded in images)
    assert set(heads) == {"col"}


def test_the_page_names_no_other_host():
    text = page(full_report())
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert "@import" not in text
