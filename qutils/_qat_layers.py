"""Keras layers that quantize and come back while they train. Importing this imports TensorFlow.

Two ways to know a range. `FakeQuantizedKernel` and `FakeQuantizedActivation` follow what they see,
the largest weight and the ends of the batches. `LearnedKernel` and `LearnedActivation` train their
step size with the weights (LSQ, see `qutils.step_size`).
"""

from typing import Any

import numpy as np

from qutils._keras import import_keras, import_tensorflow
from qutils.calibration import MseOptimal
from qutils.step_size import gradient_scale

keras: Any = import_keras()
tf: Any = import_tensorflow()
Layer: Any = keras.layers.Layer

# How much of a range the next batch leaves as it was, once the first batches have set it.
RANGE_MOMENTUM = 0.99


def multiply(layer: Any, inputs: Any, kernel: Any) -> Any:
    """Apply a convolution, depthwise convolution or dense layer, without bias, to `inputs`."""
    if isinstance(layer, keras.layers.Dense):
        return tf.matmul(inputs, kernel)
    padding = layer.padding.upper()
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        strides = (1, *layer.strides, 1)
        return tf.nn.depthwise_conv2d(inputs, kernel, strides, padding, None, layer.dilation_rate)
    return tf.nn.conv2d(inputs, kernel, layer.strides, padding, "NHWC", layer.dilation_rate)


def learned_fake_quantize(x: Any, scale: Any, low: Any, high: Any, factor: float) -> Any:
    """Return ``round(clip(x / scale, low, high)) * scale`` with LSQ's gradients.

    `low` and `high` are whole numbers, counted from the zero point; `factor` multiplies the
    gradient by the scale.
    """
    scale = scale * factor + tf.stop_gradient(scale - scale * factor)
    steps = tf.clip_by_value(x / scale, low, high)
    return (steps + tf.stop_gradient(tf.round(steps) - steps)) * scale


class FakeQuantizedActivation(Layer):
    """Round what passes to a grid whose range follows the training batches.

    The range is the mean of the batches' ranges at first, a moving average later; it is frozen
    outside training. Before the first batch there is no range, and nothing is rounded.
    """

    def __init__(self, name: str, bits: int = 8) -> None:
        super().__init__(name=name)
        self.bits = bits
        self.low, self.high, self.batches = (
            self.add_weight(part, shape=(), initializer="zeros", trainable=False)
            for part in ("low", "high", "batches")
        )

    def limits(self) -> Any:
        """Return the ends of the range, which holds 0."""
        return tf.minimum(self.low, 0.0), tf.maximum(self.high, 0.0)

    def scale(self) -> Any:
        """Return the step; 0 where there is no range yet."""
        low, high = self.limits()
        return (high - low) / (2.0**self.bits - 1.0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs rounded to the grid; in training, move the range first."""
        if training:
            self.batches.assign_add(1.0)
            step = tf.maximum(1.0 / self.batches, 1.0 - RANGE_MOMENTUM)
            self.low.assign_add(step * (tf.reduce_min(inputs) - self.low))
            self.high.assign_add(step * (tf.reduce_max(inputs) - self.high))
        rounded = tf.quantization.fake_quant_with_min_max_vars(inputs, *self.limits(), self.bits)
        return tf.where(self.batches > 0.0, rounded, inputs)


class LearnedActivation(Layer):
    """Round what passes to a grid whose step is learned.

    The first training batch sets the zero point, for good, and where the step starts: LSQ's
    initial step size, or the step at which the batch just fits if that is smaller. Before it
    there is no range, and nothing is rounded.
    """

    def __init__(self, name: str, bits: int = 8) -> None:
        super().__init__(name=name)
        self.bits, self.steps = bits, 2.0**bits - 1.0
        self.log_scale = self.add_weight("log_scale", shape=(), initializer="zeros")
        # Counted from qmin, as uint8 counts: 0 after a ReLU.
        self.zero_point, self.batches = (
            self.add_weight(part, shape=(), initializer="zeros", trainable=False)
            for part in ("zero_point", "batches")
        )

    def ends(self) -> Any:
        """Return the least and the largest integer, counted from the zero point."""
        return -self.zero_point, self.steps - self.zero_point

    def limits(self) -> Any:
        """Return the ends of the range, which holds 0."""
        low, high = self.ends()
        return low * self.scale(), high * self.scale()

    def scale(self) -> Any:
        """Return the step; 0 where there is no range yet."""
        return tf.where(self.batches > 0.0, tf.exp(self.log_scale), 0.0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs rounded to the grid; in training, set it by the first batch."""
        if training:
            self._start(inputs)
        factor = gradient_scale(np.prod(inputs.shape[1:]), self.steps)
        low, high = self.ends()
        rounded = learned_fake_quantize(inputs, tf.exp(self.log_scale), low, high, factor)
        return tf.where(self.batches > 0.0, rounded, inputs)

    def _start(self, inputs: Any) -> None:
        low = tf.minimum(tf.reduce_min(inputs), 0.0)
        high = tf.maximum(tf.reduce_max(inputs), 0.0)
        fitting = (high - low) / self.steps
        fitting = tf.where(fitting > 0.0, fitting, 1.0)  # zeros only: any step holds them
        esser = 2.0 * tf.reduce_mean(tf.abs(inputs)) / self.steps**0.5
        start = tf.minimum(fitting, tf.where(esser > 0.0, esser, 1.0))
        first = self.batches == 0.0
        self.zero_point.assign(tf.where(first, tf.round(-low / fitting), self.zero_point))
        self.log_scale.assign(tf.where(first, tf.math.log(start), self.log_scale))
        self.batches.assign_add(1.0)


class FakeQuantizedKernel(Layer):
    """A convolution, depthwise convolution or dense layer that computes with a rounded kernel.

    The range of the kernel is symmetric about 0 and follows its largest absolute value, as the
    converter's does. TensorFlow's op returns the straight-through gradient. The bias is rounded as
    the converter rounds it, too; `source` is the activation layer that rounds the inputs.
    """

    def __init__(self, inner: Any, bits: int, per_channel: bool, source: Any) -> None:
        super().__init__(name=inner.name)
        self.inner = inner
        self.bits = bits
        self.qmax = 2 ** (bits - 1) - 1
        self.per_channel = per_channel
        self.source = source

    def columns(self) -> Any:
        """Return the kernel as (K, C); a depthwise one has (channel, multiplier) at its end."""
        return tf.reshape(self.inner.weights[0], (-1, self.inner.weights[1].shape[0]))

    def scale(self) -> Any:
        """Return the step of the kernel, one number or (C,)."""
        largest = tf.reduce_max(tf.abs(self.columns()), axis=0 if self.per_channel else None)
        # A dead channel has no range of its own. Any will do: 0 lies on every grid.
        return tf.where(largest > 0.0, largest, 1.0) / self.qmax

    def quantized_kernel(self) -> Any:
        """Return the kernel on its grid, float32, the shape of the layer's own kernel."""
        largest = tf.stop_gradient(self.scale()) * self.qmax
        fake_quant = (
            tf.quantization.fake_quant_with_min_max_vars_per_channel
            if self.per_channel
            else tf.quantization.fake_quant_with_min_max_vars
        )
        rounded = fake_quant(self.columns(), -largest, largest, self.bits, narrow_range=True)
        return tf.reshape(rounded, self.inner.weights[0].shape)

    def quantized_bias(self) -> Any:
        """Return the bias in whole steps of inputs times kernel, the step of the int32 sums."""
        bias = self.inner.weights[1]
        step = self.source.scale() * self.scale()
        error = tf.round(tf.math.divide_no_nan(bias, step)) * step - bias
        return bias + tf.stop_gradient(tf.where(step > 0.0, error, 0.0))

    def call(self, inputs: Any) -> Any:
        """Return activation(inputs * rounded kernel + rounded bias)."""
        outputs = multiply(self.inner, inputs, self.quantized_kernel())
        return self.inner.activation(outputs + self.quantized_bias())


class LearnedKernel(FakeQuantizedKernel):
    """A layer that computes with a rounded kernel whose step is learned.

    It starts at the step with the least mean squared error.
    """

    def __init__(self, inner: Any, bits: int, per_channel: bool, source: Any) -> None:
        super().__init__(inner, bits, per_channel, source)
        observer = MseOptimal(bits=bits, symmetric=True, axis=1 if per_channel else None)
        observer.update(self.columns().numpy())
        start = np.log(observer.params().scale)
        initializer = keras.initializers.Constant(start)
        self.log_scale = self.add_weight("log_scale", start.shape, initializer=initializer)

    def scale(self) -> Any:
        """Return the step of the kernel, one number or (C,)."""
        return tf.exp(self.log_scale)

    def quantized_kernel(self) -> Any:
        """Return the kernel on its grid, float32, the shape of the layer's own kernel."""
        columns = self.columns()
        count = columns.shape[0] * (1 if self.per_channel else columns.shape[1])
        factor, end = gradient_scale(count, self.qmax), float(self.qmax)
        rounded = learned_fake_quantize(columns, self.scale(), -end, end, factor)
        return tf.reshape(rounded, self.inner.weights[0].shape)
