"""Make the files that hand-ins of the proof hold: the reference's and those of wrong answers.

Run it in the course's environment: ``python solutions/05_ptq/handed_in/make.py``. It takes about
three minutes. Conversions of the same weights give the same bytes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from qutils import nets
from qutils._keras import import_keras
from qutils.convert import to_tflite
from qutils.data import load_fashion_mnist
from qutils.describe import from_keras, to_keras
from qutils.repair import equalize, fold_batch_norms
from qutils.wrist import load_wrist_imu, load_wrist_net


def files() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of each file and what makes it."""
    images = load_fashion_mnist("train")[0][:200]
    net_b = nets.load("net_b")
    equalized = to_keras(equalize(fold_batch_norms(from_keras(net_b))))

    def one_scale(model, samples=images):
        return to_tflite(model, "int8", samples, per_channel=False)

    def wrist():
        return one_scale(load_wrist_net(), load_wrist_imu("train")[0][::26])

    yield "model", lambda: one_scale(equalized)
    yield "raw_units", lambda: one_scale(equalized, 255 * images)
    yield "zeros", lambda: one_scale(equalized, 0 * images)
    yield "collapsed", lambda: one_scale(net_b)
    yield "per_channel", lambda: to_tflite(net_b, "int8", images)
    yield "float", lambda: to_tflite(net_b)
    yield "dynamic", lambda: to_tflite(net_b, "dynamic")
    yield "net_a", lambda: one_scale(nets.load("net_a"))
    yield "wrist", wrist
    yield "untrained", lambda: one_scale(untrained())
    yield "too_large", lambda: one_scale(untrained(last_channels=192))


def untrained(last_channels: int = 128):
    """Return net B, or one with more channels in the last block, as training would start it."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    blocks = (*nets.DS_CNN_BLOCKS[:-1], (last_channels, 1))
    body = nets.ds_cnn("relu", epsilon=1e-5, l2=1e-3, blocks=blocks)
    return keras.Sequential([keras.layers.InputLayer(nets.INPUT_SHAPE, name="image"), *body])


if __name__ == "__main__":
    for name, make in files():
        content = make()
        Path(__file__).with_name(f"{name}.tflite").write_bytes(content)
        print(f"{name}.tflite: {len(content):,} bytes", flush=True)
