"""Pictures: what is drawn is what the report says, and so do their words."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from matplotlib.colors import to_hex
from pairs import float_graph, int8_graph

from qutils.tflm import Model
from qutils.tflm.report import Report, make_report
from qutils.tflm.report.pictures import (
    COLORS,
    arena_timeline,
    bytes_per_layer,
    error_per_layer,
    latency_bars,
)

PICTURES = [arena_timeline, bytes_per_layer, latency_bars, error_per_layer]


def report(output_scale: float = 1.0) -> Report:
    return make_report(
        Model.from_bytes(int8_graph(output_scale).to_bytes()),
        "pair",
        board="l4r5zi",
        library="tflm-cmsis-nn",
        reference=Model.from_bytes(float_graph().to_bytes()),
        data=np.array([[1.0, 1.5], [0.5, 0.5]], np.float32),
    )


def chain(length: int) -> Report:
    """A row of RELUs on 64 bytes, and a fully connected layer at its end."""
    a = T((1, 64), scale=1.0)
    weights = constant(np.ones((10, 64)), scale=1.0)
    tensors = (*[a] * (length + 1), weights, T((1, 10), scale=1.0))
    operators = [Op("RELU", (k,), (k + 1,)) for k in range(length)]
    operators.append(Op("FULLY_CONNECTED", (length, length + 1), (length + 2,)))
    graph = Graph(tensors, tuple(operators), (0,), (length + 2,))
    return make_report(Model.from_bytes(graph.to_bytes()), "chain")


@pytest.mark.parametrize("draw", PICTURES)
def test_every_picture_has_title_axes_and_words(draw):
    picture = draw(report())
    assert picture.figure.get_suptitle()
    (axes,) = picture.figure.axes
    assert axes.get_xlabel()
    assert picture.alt.endswith(".")
    assert any(character.isdigit() for character in picture.alt)


@pytest.mark.parametrize("draw", PICTURES)
def test_a_picture_for_a_page_is_the_same_each_time(draw):
    picture = draw(report())
    assert picture._repr_html_() == draw(report()).img()
    target = io.BytesIO()
    picture.figure.savefig(target, format="svg")
    assert ElementTree.fromstring(target.getvalue()).tag.endswith("svg")


@pytest.mark.parametrize("draw", PICTURES)
def test_letters_are_large_enough_on_a_phone(draw):
    """A phone of 390 pixels shows the figure 350 wide; 9 points are then 8.75 pixels."""
    figure = draw(report()).figure
    figure.draw_without_rendering()
    factor = 350 / (72 * figure.get_figwidth())
    texts = [t for t in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if t.get_text()]
    assert min(t.get_fontsize() for t in texts) * factor > 8.5


def test_words_are_escaped():
    name = 'x" onload="alert(1)'
    tensors = (T((1, 2), scale=1.0, name=name), T((1, 2), scale=1.0, name=name))
    graph = Graph(tensors, (Op("RELU", (0,), (1,)),), (0,), (1,))
    picture = arena_timeline(make_report(Model.from_bytes(graph.to_bytes()), "x"))
    assert 'onload="' not in picture.img()


def test_the_timeline_draws_each_buffer_where_it_lies():
    found = chain(2)
    figure = arena_timeline(found).figure
    drawn = set()
    for collection in figure.axes[0].collections:
        box = collection.get_paths()[0].get_extents()
        drawn.add((box.x0 + 0.5, box.x1 - 0.5, round(box.y0 * 1024), round(box.height * 1024)))
    assert drawn == {(a.first, a.last, a.offset, a.size_bytes) for a in found.plan.allocations}
    assert figure.get_suptitle() == "Most memory is alive at operator 0 RELU"


def test_bars_are_the_bytes():
    found = chain(2)
    figure = bytes_per_layer(found).figure
    flash, arena = figure.axes[0].containers
    assert [bar.get_width() * 1024 for bar in flash] == [0, 0, 640]
    assert [bar.get_width() * 1024 for bar in arena] == [64, 64, 10]
    assert " ".join(figure.get_suptitle().split()) == (
        "Most constants: operator 2; largest output: operator 0 and 1 more"
    )


def test_a_model_without_operators_has_pictures():
    content = Graph((T((1, 4), scale=1.0),), (), (0,), (0,)).to_bytes()
    found = make_report(Model.from_bytes(content), "x")
    assert "largest output: none, 0 bytes" in bytes_per_layer(found).alt
    assert "Alive there: input 16 bytes" in arena_timeline(found).alt


def test_a_long_model_is_cut_to_its_largest_operators():
    picture = bytes_per_layer(chain(60))
    assert len(picture.figure.axes[0].get_yticks()) == 30
    assert "the largest 30 of 61 operators" in picture.alt
    assert arena_timeline(chain(60)).figure.axes[0].get_xlim() == (-0.5, 61.5)


def test_bars_of_time_are_the_ranges():
    found = report()
    (bar,) = latency_bars(found).figure.axes[0].containers[0]
    ms = found.layers[0].ms
    assert (bar.get_x(), bar.get_x() + bar.get_width()) == pytest.approx((ms.low, ms.high))


def test_the_wrong_layer_is_in_the_title():
    assert error_per_layer(report()).figure.get_suptitle() == "No layer goes wrong by itself"
    picture = error_per_layer(report(1 / 64))
    assert picture.figure.get_suptitle() == "It goes wrong at operator 0 FULLY_CONNECTED"
    own, so_far = picture.figure.axes[0].lines
    # The exact input is drawn at the upper end.
    assert own.get_ydata()[0] == so_far.get_ydata()[0] == 60


def test_a_picture_of_what_is_not_in_the_report_is_refused():
    bare = chain(1)
    with pytest.raises(ValueError, match="give a board and a library"):
        latency_bars(bare)
    with pytest.raises(ValueError, match="give the float model and data"):
        error_per_layer(bare)


def test_colors_are_the_palette():
    bars = bytes_per_layer(report()).figure.axes[0].containers
    assert [to_hex(c.patches[0].get_facecolor()) for c in bars] == [
        COLORS[name].lower() for name in ("blue", "orange")
    ]
