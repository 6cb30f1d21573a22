"""From a model that QAT has trained to an int8 ``.tflite`` file with exactly its ranges."""

from typing import Any

from qutils._keras import import_keras, import_tensorflow
from qutils.convert import with_ranges_of_its_own
from qutils.folding import copied, sequential_like

__all__ = ["qat_to_tflite"]


def qat_to_tflite(model: Any) -> bytes:
    """Convert a model of `qutils.qat.prepare_qat` to int8, without calibration.

    The converter takes the ranges of fake-quantization operators for its own. Each activation
    gets one with the trained range, each kernel one whose 254 steps are the trained scale, so
    that weights of fewer bits keep their integers, in bytes.

    Parameters
    ----------
    model : tf_keras.Sequential
        From `prepare_qat` with 8-bit activations, after training.

    Returns
    -------
    bytes
        The content of the file: every tensor int8, or int32 for biases. Run with one rounding per
        layer, as XNNPACK does, its outputs are those of `model`: on net B, per tensor, 8 bits, 2
        of 3,000 differ, by one step. TFLite Micro rounds each layer's sums twice
        (`qutils.fixed_point`): then about a third of the outputs is one step away and less than
        1 % two; with 4-bit weights more, as sums near a tie are more frequent.

    Raises
    ------
    ValueError
        The model does not come from `prepare_qat`, its activations have fewer than 8 bits, or it
        has seen no batch in training mode, so that a range is unknown.
    ConversionError
        The converter failed, or the file holds float tensors.

    Notes
    -----
    With `per_channel`, the converter takes no operator on the kernel of a dense layer: it chooses
    these scales from the largest weight of each channel. At 8 bits and ranges "minmax" they are the
    trained ones; otherwise the weights of dense layers are rounded once more, to 8 bits.
    """
    from qutils._qat_layers import FakeQuantizedActivation, FakeQuantizedKernel, LearnedActivation

    _check(model)
    fixed = []
    for layer in model.layers:
        if isinstance(layer, FakeQuantizedActivation | LearnedActivation):
            fixed.append(_fixed_range(layer))
        elif isinstance(layer, FakeQuantizedKernel):
            fixed.append(_fixed_kernel(layer))
            per_channel = layer.per_channel
        else:
            fixed.append(copied(layer))
    return with_ranges_of_its_own(sequential_like(model, fixed), per_channel)


def _check(model: Any) -> None:
    from qutils._qat_layers import FakeQuantizedActivation, FakeQuantizedKernel, LearnedActivation

    if not any(isinstance(layer, FakeQuantizedKernel) for layer in model.layers):
        raise ValueError(f"model {model.name!r} does not come from prepare_qat")
    ranges = FakeQuantizedActivation | LearnedActivation
    activations = [layer for layer in model.layers if isinstance(layer, ranges)]
    if any(layer.bits != 8 for layer in activations):
        raise ValueError("a file has 8-bit activations: prepare the model with activation_bits=8")
    if unknown := [layer.name for layer in activations if not float(layer.batches)]:
        raise ValueError(
            f"the ranges of {', '.join(unknown)} are unknown: train the model, or call it on "
            "typical inputs with training=True"
        )


def _fixed_range(layer: Any) -> Any:
    """Return a layer that rounds to the range that training has left."""
    tf, layers = import_tensorflow(), import_keras().layers
    low, high = (float(end) for end in layer.limits())
    return layers.Lambda(
        lambda x: tf.quantization.fake_quant_with_min_max_vars(x, low, high), name=layer.name
    )


def _fixed_kernel(layer: Any) -> Any:
    """Return a layer that computes with the kernel that training has left, marked with its range.

    The mark has 8 bits whatever the kernel has: its integers fit in a byte.
    """
    from qutils._qat_layers import multiply

    tf, keras = import_tensorflow(), import_keras()
    kernel, bias = layer.quantized_kernel().numpy(), layer.inner.get_weights()[1]
    largest = layer.scale().numpy() * 127

    def marked() -> Any:
        if not layer.per_channel:
            return tf.quantization.fake_quant_with_min_max_vars(
                kernel, -largest, largest, narrow_range=True
            )
        if isinstance(layer.inner, keras.layers.Dense):
            return kernel
        channels_last = kernel.reshape(*kernel.shape[:2], -1, len(bias))
        rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            channels_last, -largest, largest, narrow_range=True
        )
        return tf.reshape(rounded, kernel.shape)

    return keras.layers.Lambda(
        lambda x: layer.inner.activation(multiply(layer.inner, x, marked()) + bias),
        name=layer.name,
    )
