"""RESHAPE, SQUEEZE and EXPAND_DIMS: the same values in the shape that the file gives the output.

TFLM: ``micro/kernels/reshape.cc``, ``reshape_common.cc``, ``squeeze.cc``, ``expand_dims.cc``.
"""

from collections.abc import Sequence

from qutils.tflm.graph import DTYPES, Operator, Tensor
from qutils.tflm.kernels.base import Kernel, Run, require_count, require_shape
from qutils.tflm.kernels.moves import integers, require_axis, require_moved, require_size


def prepare_reshape(operator: Operator) -> Run:
    """Prepare RESHAPE, of any type; its second input, a shape, is never read."""
    require_count(operator, (1, 2))
    return _view(operator, tuple(DTYPES), "Type {} not supported.")


def prepare_squeeze(operator: Operator) -> Run:
    """Prepare SQUEEZE, of any type; the dimensions that it names must be 1."""
    require_count(operator, (1, 1))
    shape = operator.input(0).shape
    for axis in operator.options["squeeze_dims"]:
        if shape[require_axis(operator, axis, len(shape))] != 1:
            raise operator.invalid(f"drops dimension {axis} of {list(shape)}, which is not 1")
    return _view(operator, tuple(DTYPES), "Type {} not supported.")


def prepare_expand_dims(operator: Operator) -> Run:
    """Prepare EXPAND_DIMS; the axis counts the dimensions of the output."""
    require_count(operator, (2, 2))
    shape = list(operator.input(0).shape)
    axis = integers(operator, 1, "axis")[0]
    shape.insert(require_axis(operator, axis, len(shape) + 1), 1)
    require_shape(operator, operator.outputs[0], shape)
    words = "Expand_Dims only currently supports int8, int16 and float32, got {}."
    return _view(operator, ("INT8", "INT16", "FLOAT32"), words)


def _view(operator: Operator, types: Sequence[str], words: str) -> Run:
    source, target = operator.input(0), operator.outputs[0]
    require_moved(operator, (source, target), types, words)
    require_size(operator, source.size, target)
    return lambda inputs: (inputs[0].reshape(len(inputs[0]), *target.shape),)


def _first_and_output(operator: Operator) -> tuple[Tensor, ...]:
    """Leave out the shape, which TFLM does not look at."""
    return (operator.input(0), *operator.outputs)


KERNELS = {
    "RESHAPE": Kernel(prepare_reshape, option_bytes=(36, 36), temporaries=_first_and_output),
    "SQUEEZE": Kernel(prepare_squeeze, option_bytes=(36, 36)),
    "EXPAND_DIMS": Kernel(prepare_expand_dims),
}
