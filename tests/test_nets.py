"""The networks: sizes, names, the recipe, and the committed weights."""

import csv
import json

import numpy as np
import pytest

from qutils import nets
from qutils._keras import import_keras
from qutils.affine import QuantParams, quantize
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.metrics import accuracy
from qutils.tflm import BOARDS, Interpreter, Model, plan_arena

PARAMETERS = {
    "large_cnn": 206_922,
    "net_a": 38_346,
    "net_b": 38_346,
    "wide_activations": 38_218,
}


@pytest.mark.parametrize("name", nets.NETS)
def test_network_has_its_parameters_and_shapes(name):
    model = nets.build(name)
    assert model.count_params() == PARAMETERS[name]
    assert model.name == name
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize("name", nets.NETS)
def test_building_twice_gives_the_same_names(name):
    # An automatic name would count up, and change the size of the .tflite file.
    first, second = (nets.build(name) for _ in range(2))
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert first.input_names == second.input_names == ["image"]


def test_nets_a_and_b_differ_in_activation_and_batch_norm():
    a, b = nets.build("net_a"), nets.build("net_b")
    assert {layer.name for layer in a.layers} ^ {layer.name for layer in b.layers} == {
        f"{layer.name.removesuffix('_relu')}_{activation}"
        for layer in b.layers
        if layer.name.endswith("_relu")
        for activation in ("relu", "relu6")
    }
    assert a.get_layer("stem_norm").epsilon == 1e-3
    assert b.get_layer("stem_norm").epsilon == 1e-5
    assert a.get_layer("logits").kernel_regularizer.l2 == pytest.approx(5e-4)
    assert b.get_layer("logits").kernel_regularizer.l2 == pytest.approx(1e-3)


def test_wide_activations_are_too_large_for_a_board_that_holds_its_weights():
    content = to_tflite(nets.build("wide_activations"))
    board = BOARDS["nano33ble"]
    # Two outputs of 28 x 28 x 64 float32 values are alive at once.
    assert plan_arena(Model.from_bytes(content)).head_bytes >= 2 * 28 * 28 * 64 * 4
    assert board.sram_bytes < 2 * 28 * 28 * 64 * 4
    assert len(content) < board.flash_bytes / 4


def test_large_cnn_is_large_in_flash_and_small_in_the_arena():
    content = to_tflite(nets.build("large_cnn"))
    assert len(content) > 4 * PARAMETERS["large_cnn"]
    # The outputs of the first convolution and of its pooling.
    assert plan_arena(Model.from_bytes(content)).head_bytes == (28 * 28 + 14 * 14) * 16 * 4


@pytest.mark.parametrize("name", nets.TRAINED)
def test_committed_weights_have_the_recorded_accuracy(name, repository):
    record = json.loads((repository / "qutils" / "assets" / "nets.json").read_text())[name]
    images, labels = load_fashion_mnist("validation")
    logits = nets.load(name).predict(images, batch_size=500, verbose=0)
    # Machines add float32 products in other orders: logits differ near the 6th digit, so that
    # only images whose two best logits all but tie can change sides. 5 of 5,000 is generous.
    assert accuracy(logits, labels) == pytest.approx(record["accuracy"]["validation"], abs=0.001)
    assert record["parameters"] == PARAMETERS[name]


@pytest.mark.parametrize("name", nets.TRAINED)
def test_weights_go_out_and_in_unchanged(name):
    source, target = nets.load(name), nets.build(name)
    nets.set_named_weights(target, nets.named_weights(source))
    for a, b in zip(source.get_weights(), target.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_weights_of_another_network_are_refused():
    weights = nets.named_weights(nets.build("large_cnn"))
    del weights["conv2/bias"]
    with pytest.raises(ValueError, match="conv2/bias only on one side"):
        nets.set_named_weights(nets.build("large_cnn"), weights)


def test_unknown_network_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'net_c'.*large_cnn, net_a, net_b, wide_activations"):
        nets.build("net_c")
    with pytest.raises(ValueError, match=r"'large_cnn'.*build\(\) gives it untrained.*net_a"):
        nets.load("large_cnn")


def train_a_little(seed: int, optimizer: str = "sgd") -> list[np.ndarray]:
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Flatten(name="flatten"), keras.layers.Dense(10, name="logits")]
    model = keras.Sequential([keras.layers.InputLayer((28, 28, 1), name="image"), *layers])
    images, labels = load_fashion_mnist("validation")
    nets.fit(model, images[:640], labels[:640], epochs=2, seed=seed, optimizer=optimizer)
    logits = model.predict(images[:640], verbose=0)
    # Chance is 0.1.
    assert accuracy(logits, labels[:640]) > 0.4
    return model.get_weights()


def test_seed_decides_the_weights():
    first, again, other = train_a_little(0), train_a_little(0), train_a_little(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_optimizer_is_sgd_or_adam():
    assert not np.array_equal(train_a_little(0)[0], train_a_little(0, "adam")[0])
    with pytest.raises(ValueError, match=r"'rmsprop'.*sgd, adam"):
        nets.fit(None, np.zeros((1, 28, 28, 1)), np.zeros(1), epochs=1, seed=0, optimizer="rmsprop")


@pytest.fixture(scope="module")
def study(repository) -> list[dict[str, str]]:
    path = repository / "book" / "reference" / "results" / "ptq_qat.csv"
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def test_study_is_complete_and_its_accuracies_are_whole_numbers_of_images(study):
    columns = ("net", "method", "granularity", "simulated", "split")
    experiments = {tuple(row[c] for c in columns) for row in study}
    keys = [(*(row[c] for c in columns), int(row["seed"])) for row in study]
    assert len(keys) == len(set(keys))
    assert set(keys) == {(*e, seed) for e in experiments for seed in range(4)}
    for row in study:
        right = float(row["accuracy"]) * int(row["n_images"])
        assert right == pytest.approx(round(right), abs=1e-6), row


@pytest.mark.parametrize("name", nets.TRAINED)
def test_study_measured_the_committed_networks(name, study, repository):
    record = json.loads((repository / "qutils" / "assets" / "nets.json").read_text())[name]
    found = {
        row["split"]: float(row["accuracy"])
        for row in study
        if (row["net"], row["seed"], row["method"]) == (name, str(record["seed"]), "fp32")
    }
    assert found == record["accuracy"]


def test_net_b_quantized_per_tensor_now_loses_what_the_study_recorded(study):
    (row,) = (
        row
        for row in study
        if (row["net"], row["seed"], row["method"], row["granularity"], row["split"])
        == ("net_b", "0", "int8", "per_tensor", "validation")
    )
    samples = load_fashion_mnist("train")[0][:200]
    content = to_tflite(nets.load("net_b"), "int8", samples, per_channel=False)
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    source = QuantParams(*interpreter.get_input_details()[0]["quantization"])
    images, labels = (part[:2500] for part in load_fashion_mnist("validation"))
    found = accuracy(interpreter.predict(quantize(images, source)), labels)
    # Half of the images: the other half may be easier or harder by 2 standard errors of the
    # difference, 2 * sqrt(0.67 * 0.33 / 5000) = 0.013; machines and runtimes add less.
    assert found == pytest.approx(float(row["accuracy"]), abs=0.02)
    assert len(content) == int(row["file_bytes"])
