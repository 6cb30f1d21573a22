"""TRANSPOSE: the dimensions in another order.

TFLM: ``micro/kernels/transpose.cc``, ``transpose_common.cc``.
"""

from qutils.tflm.graph import Operator
from qutils.tflm.kernels.base import Kernel, Run, require_count, require_shape
from qutils.tflm.kernels.moves import integers, require_moved


def prepare(operator: Operator) -> Run:
    """Prepare TRANSPOSE: dimension k of the output is dimension ``perm[k]`` of the input."""
    require_count(operator, (2, 2))
    source, target = operator.input(0), operator.outputs[0]
    words = (
        "Type {} is currently not supported by Transpose. Only float32, int8 and int16 are "
        "supported"
    )
    require_moved(operator, (source, target), ("FLOAT32", "INT8", "INT16"), words)
    if len(source.shape) > 5:
        raise operator.unsupported("Transpose op only supports 1D-5D input arrays.")
    order = integers(operator, 1, "perm")
    if sorted(order) != list(range(len(source.shape))):
        raise operator.invalid(
            f"Transpose op permutations array is out of bounds or repeats itself: {order}"
        )
    require_shape(operator, target, [source.shape[axis] for axis in order])
    return lambda inputs: (inputs[0].transpose(0, *(axis + 1 for axis in order)),)


KERNELS = {"TRANSPOSE": Kernel(prepare)}
