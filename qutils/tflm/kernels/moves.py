"""What the operators share that move values and compute nothing."""

from collections.abc import Sequence

from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.kernels.base import refuse_types


def require_moved(
    operator: Operator, tensors: Sequence[Tensor | None], types: Sequence[str], words: str
) -> None:
    """Refuse tensors that are not all of one of these element types.

    Parameters
    ----------
    operator
        The operator.
    tensors
        Where the values come from and go to.
    types
        Element types that TFLM's kernel moves.
    words
        What TFLM says of another type, with "{}" in its place.
    """
    found = {t.type for t in tensors if t is not None}
    for kind in found.difference(types):
        refuse_types(operator, words.format(kind))
    if len(found) != 1:
        refuse_types(operator)


def integers(
    operator: Operator, number: int, name: str, types: Sequence[str] = ("INT32",)
) -> list[int]:
    """Return the values of an input of integers, which TFLM wants constant; at least one."""
    tensor = operator.input(number)
    if tensor.data is None:
        raise operator.unsupported(f"Non-constant >{name}< tensor is not supported")
    if tensor.type not in types:
        refuse_types(operator, f"{name} of type {tensor.type} not supported")
    if tensor.size == 0:
        raise operator.invalid(f"{tensor.label}, its {name}, is empty")
    return [int(value) for value in tensor.data.ravel()]


def require_axis(operator: Operator, axis: int, rank: int) -> int:
    """Return the axis counted from the front, or refuse one that does not exist."""
    if not -rank <= axis < rank:
        raise operator.invalid(f"has the axis {axis} for {rank} dimensions")
    return axis % rank


def require_size(operator: Operator, source_size: int, target: Tensor) -> None:
    """Refuse an output of another number of elements than what moves into it."""
    if source_size != target.size:
        raise operator.invalid(
            f"moves {source_size} elements into {target.size}, {target.label} "
            f"of shape {list(target.shape)}"
        )
