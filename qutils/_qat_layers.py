"""Keras layers that quantize and come back while they train. Importing this imports TensorFlow."""

from typing import Any

from qutils._keras import import_keras, import_tensorflow

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


class FakeQuantizedKernel(Layer):
    """A convolution, depthwise convolution or dense layer that computes with a rounded kernel.

    The range of the kernel is symmetric about 0 and follows its largest absolute value, as the
    converter's does. TensorFlow's op returns the straight-through gradient.
    """

    def __init__(self, inner: Any, bits: int, per_channel: bool) -> None:
        super().__init__(name=inner.name)
        self.inner = inner
        self.bits = bits
        self.per_channel = per_channel

    def quantized_kernel(self) -> Any:
        """Return the kernel on its grid, float32, the shape of the layer's own kernel."""
        kernel = self.inner.weights[0]
        if not self.per_channel:
            largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel)))
            return tf.quantization.fake_quant_with_min_max_vars(
                kernel, -largest, largest, self.bits, narrow_range=True
            )
        # The op wants the channels last, a depthwise kernel has (channel, multiplier) there.
        columns = tf.reshape(kernel, (-1, self.inner.weights[1].shape[0]))
        largest = tf.stop_gradient(tf.reduce_max(tf.abs(columns), axis=0))
        rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
            columns, -largest, largest, self.bits, narrow_range=True
        )
        return tf.reshape(rounded, kernel.shape)

    def call(self, inputs: Any) -> Any:
        """Return activation(inputs * rounded kernel + bias)."""
        outputs = multiply(self.inner, inputs, self.quantized_kernel())
        return self.inner.activation(outputs + self.inner.weights[1])


class FakeQuantizedActivation(Layer):
    """Round what passes to an 8-bit grid whose range is learned from the training batches.

    The range is the mean of the batches' ranges at first, a moving average later; it is frozen
    outside training. Before the first batch there is no range, and nothing is rounded.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.low, self.high, self.batches = (
            self.add_weight(part, shape=(), initializer="zeros", trainable=False)
            for part in ("low", "high", "batches")
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the inputs rounded to the grid; in training, move the range first."""
        if training:
            self.batches.assign_add(1.0)
            step = tf.maximum(1.0 / self.batches, 1.0 - RANGE_MOMENTUM)
            self.low.assign_add(step * (tf.reduce_min(inputs) - self.low))
            self.high.assign_add(step * (tf.reduce_max(inputs) - self.high))
        rounded = tf.quantization.fake_quant_with_min_max_vars(
            inputs, tf.minimum(self.low, 0.0), tf.maximum(self.high, 0.0), num_bits=8
        )
        return tf.where(self.batches > 0.0, rounded, inputs)
