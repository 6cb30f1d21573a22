"""Random layers and networks, bit for bit against the real interpreter."""

import numpy as np
import pytest
from flatmodel import Graph
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import ask, first_outputs
from random_nets import LAYERS, Net, network, one_layer

from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.nets import load
from qutils.tflm import Interpreter, Model, plan_arena

SEEDS = st.integers(0, 2**32 - 1)
slow = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow], database=None
)


def predict(model: Model, batch: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    return interpreter.predict(batch)


def check(net: Net, count: int) -> None:
    """Compare the last tensor of `count` invocations, and the arena."""
    content = net.graph().to_bytes()
    batch = net.inputs(count)
    answer = ask(content, [[x] for x in batch])
    model = Model.from_bytes(content)
    got = predict(model, batch)
    expected = np.stack([outputs[0] for outputs in answer.outputs])
    assert got.dtype == expected.dtype
    if net.type == "FLOAT32" and net.operators[-1].name == "SOFTMAX":
        # The C library's exponential is off by one unit at times; the sum adds a rounding.
        np.testing.assert_allclose(got, expected, rtol=2.0**-22)
    else:
        np.testing.assert_array_equal(got, expected)
    plan = plan_arena(model)
    assert (plan.head_bytes, plan.tail_bytes_x86_64) == (answer.head_bytes, answer.tail_bytes)


@pytest.mark.parametrize("layer", LAYERS)
@slow
@given(seed=SEEDS)
def test_int8_layer(layer, seed):
    check(one_layer(layer, seed), count=20)


@pytest.mark.parametrize("layer", LAYERS)
@settings(slow, max_examples=10)
@given(seed=SEEDS)
def test_float_layer(layer, seed):
    check(one_layer(layer, seed, "FLOAT32"), count=3)


@pytest.mark.parametrize("seed", range(10))
def test_int8_network_in_every_tensor(seed):
    """Over a million elements in all: every activation of ten networks is an output."""
    net = network(seed)
    content = net.graph(all_outputs=True).to_bytes()
    size = sum(int(np.prod(net.tensors[i].shape)) for i in net.activations[1:])
    batch = net.inputs(-(-110_000 // size))
    answer = ask(content, [[x] for x in batch])
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    compared = 0
    for x, expected in zip(batch, answer.outputs, strict=True):
        interpreter.set_tensor(net.activations[0], x)
        interpreter.invoke()
        for index, array in zip(net.activations[1:], expected, strict=True):
            got = interpreter.get_tensor(index)
            assert got.dtype == np.int8
            np.testing.assert_array_equal(got, array)
            compared += got.size
    assert compared >= 110_000
    plan = plan_arena(interpreter.model)
    assert (plan.head_bytes, plan.tail_bytes_x86_64) == (answer.head_bytes, answer.tail_bytes)


@slow
@given(seed=SEEDS)
def test_int8_network(seed):
    check(network(seed), count=3)


@settings(slow, max_examples=10)
@given(seed=SEEDS)
def test_float_network(seed):
    net = network(seed, "FLOAT32")
    # Leave out SOFTMAX: all that is left is equal bit for bit.
    net.operators.pop()
    net.activations.pop()
    net.tensors.pop()
    check(net, count=2)


def wide_layer(multiplier_seed: int) -> tuple[Graph, np.ndarray]:
    """One fully connected layer that passes its accumulators through many multipliers."""
    net = Net.start(multiplier_seed, (1, 16))
    weights = net.weights(4096, 16)
    net.weighted("FULLY_CONNECTED", weights, 0, 16, (1, 4096), {})
    return net.graph(), net.inputs(100)


@pytest.mark.parametrize("seed", range(3))
def test_rounding_of_four_hundred_thousand_sums(seed):
    """Errors in a multiplier's last bits show in one output of 10^5."""
    graph, batch = wide_layer(seed)
    content = graph.to_bytes()
    np.testing.assert_array_equal(
        predict(Model.from_bytes(content), batch), first_outputs(content, batch)
    )


@pytest.mark.parametrize("name", ["net_a", "net_b"])
@pytest.mark.parametrize("per_channel", [True, False])
def test_the_courses_networks_in_a_large_batch(name, per_channel):
    images = load_fashion_mnist("train")[0][:200]
    content = to_tflite(load(name), "int8", images, per_channel=per_channel)
    batch = np.random.default_rng(0).integers(-128, 128, (256, 28, 28, 1), dtype=np.int8)
    np.testing.assert_array_equal(
        predict(Model.from_bytes(content), batch),
        first_outputs(content, batch[:, np.newaxis])[:, 0],
    )
