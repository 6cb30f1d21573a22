"""Windows over an operator's input, as its options place them, for CONV and POOL."""

from collections.abc import Callable, Sequence

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Array, Run, require_rank
from qutils.windows import Window

# Padded inputs may be larger than inputs by this factor.
_LARGEST_PADDING = 64
LARGEST_INT16 = 2**15 - 1


def window_of(operator: Operator, size: tuple[int, int]) -> Window:
    """Place a window of `size` over the operator's first input, by its options."""
    options, source = operator.options, operator.input(0)
    require_rank(operator, 4, source, operator.outputs[0])
    stride = options["stride_h"], options["stride_w"]
    dilation = options.get("dilation_h", 1), options.get("dilation_w", 1)
    if min(*stride, *dilation, *size) < 1:
        raise operator.invalid(
            f"has window {size}, stride {stride}, dilation {dilation}: all must be at least 1"
        )
    height, width = source.shape[1:3]
    window = Window.over((height, width), size, stride, dilation, options["padding"])
    if min(window.output) < 1:
        raise operator.invalid(f"the window {size} is larger than the input")
    if max(window.before) > LARGEST_INT16:
        raise operator.unsupported("TFLM keeps the padding in 16 bits")
    rows, columns = window.padded_size
    if rows * columns > _LARGEST_PADDING * (height * width + 1024):
        raise operator.unsupported(
            f"the window {size} with dilation {dilation} reaches too far "
            "beyond the input for the emulator, which pads in memory"
        )
    return window


def on_images(operator: Operator, function: Callable[[Array], Array], number: int = 0) -> Run:
    """Return the `run` of an operator that treats every image alike, whatever it belongs to.

    Parameters
    ----------
    operator
        The operator.
    function
        From (N, height, width, channels) to as many outputs of the operator's shape.
    number
        Which input the images are.
    """
    shape = operator.outputs[0].shape

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        x = inputs[number]
        return (function(x.reshape(-1, *x.shape[2:])).reshape(len(x), *shape),)

    return run
