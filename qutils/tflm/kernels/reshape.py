"""RESHAPE: the same bytes under another shape, of any element type.

TFLM: ``micro/kernels/reshape.cc``, ``reshape_common.cc``.
"""

from collections.abc import Sequence

from qutils.errors import InvalidModelError
from qutils.tflm.graph import DTYPES, Operator
from qutils.tflm.kernels.base import Array, Kernel, Run, refuse_types, require_count


def prepare(operator: Operator) -> Run:
    """Prepare RESHAPE; the shape is the one that the file gives the output."""
    require_count(operator, (1, 2))
    source, target = operator.input(0), operator.outputs[0]
    if source.type != target.type or source.type not in DTYPES:
        refuse_types(operator)
    if source.size != target.size:
        raise InvalidModelError(
            f"{operator.label} turns {list(source.shape)} into {list(target.shape)}: "
            f"{source.size} elements into {target.size}"
        )

    def run(inputs: Sequence[Array]) -> tuple[Array, ...]:
        return (inputs[0].reshape(len(inputs[0]), *target.shape),)

    return run


KERNELS = {"RESHAPE": Kernel(prepare, option_bytes=(36, 36))}
