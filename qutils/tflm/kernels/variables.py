"""VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE: state that belongs to no tensor.

A resource variable is known by its name.  VAR_HANDLE puts the name into a tensor of type
RESOURCE, the handle, from which the other two take it; TFLM numbers the names instead.  Bytes
are copied without a look at their type.  The first ASSIGN_VARIABLE gives the variable its
size and, before any invocation, its value: every byte is the low byte of the zero point.

CALL_ONCE runs another subgraph in the first invocation alone, mostly to assign first values.
It has run for good: clearing the variables gives them their zero points back, not these values.

TFLM: ``micro/kernels/var_handle.cc``, ``read_variable.cc``, ``assign_variable.cc``,
``call_once.cc`` and ``micro/micro_resource_variable.cc``.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from qutils.tflm.graph import DTYPES, Operator, Subgraph, Tensor
from qutils.tflm.kernels.base import Array, Host, Kernel, Run, refuse_types, require_count


def find_variables(subgraphs: Sequence[Subgraph]) -> dict[str, Tensor | None]:
    """Return the names of all resource variables with the tensor first assigned to each.

    Raises
    ------
    InvalidModelError
        A handle that no VAR_HANDLE of the same subgraph made, or a variable that is read
        without ever being assigned, or in another size.
    """
    uses = list(_uses(subgraphs))
    variables: dict[str, Tensor | None] = {name: None for _, name, _ in uses}
    for operator, name, value in uses:
        if operator.name == "ASSIGN_VARIABLE" and variables[name] is None:
            variables[name] = value
    for operator, name, value in uses:
        first = variables[name]
        size_bytes = first.size_bytes if first else 0
        if value is not None and value.size_bytes != size_bytes:
            raise operator.invalid(
                f"copies {value.size_bytes} bytes, but the variable {name!r} was given {size_bytes}"
            )
    return variables


def _uses(subgraphs: Sequence[Subgraph]) -> Iterator[tuple[Operator, str, Tensor | None]]:
    """Yield each operator with the name of its variable, and the tensor that it copies."""
    for subgraph in subgraphs:
        names: dict[int, str] = {}
        for operator in subgraph.operators:
            if operator.name == "VAR_HANDLE":
                name = names[operator.outputs[0].index] = _name(operator)
                yield operator, name, None
            elif operator.name in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
                handle = operator.input(0)
                if handle.index not in names:
                    raise operator.invalid(f"{handle.label} is no handle of a variable")
                copied = (*operator.inputs[1:], *operator.outputs)[0]
                yield operator, names[handle.index], copied


def first_value(tensor: Tensor) -> Array:
    """Return what a variable holds before anything is assigned to it."""
    low_byte = tensor.zero_point & 0xFF
    return _as_type(np.full((1, tensor.size_bytes), low_byte, np.uint8), tensor)


def _as_type(values: Array, tensor: Tensor) -> Array:
    """Return the same bytes as values of a tensor."""
    return values.reshape(1, -1).view(DTYPES[tensor.type]).reshape(1, *tensor.shape)


def _name(operator: Operator) -> str:
    # TFLM reads both as C does, up to the first zero byte.
    container, name = (
        operator.options[field].partition("\0")[0] for field in ("container", "shared_name")
    )
    return f"{container}/{name}" if container else name


def prepare_var_handle(operator: Operator) -> Run:
    """Prepare VAR_HANDLE."""
    require_count(operator, (0, 0))
    if operator.outputs[0].type != "RESOURCE":
        refuse_types(operator)
    handle = np.array([_name(operator)])
    return lambda inputs: (handle,)


def prepare_read(operator: Operator) -> Run:
    """Prepare READ_VARIABLE."""
    require_count(operator, (1, 1))
    target = operator.outputs[0]
    if target.type not in DTYPES:
        refuse_types(operator)

    def run(inputs: Sequence[Array], host: Host) -> tuple[Array, ...]:
        return (_as_type(host.variables[inputs[0].item()], target),)

    return run


def prepare_assign(operator: Operator) -> Run:
    """Prepare ASSIGN_VARIABLE, which has no output."""
    require_count(operator, (2, 2), 0)
    if operator.input(1).type not in DTYPES:
        refuse_types(operator)

    def run(inputs: Sequence[Array], host: Host) -> tuple[Array, ...]:
        host.variables[inputs[0].item()] = inputs[1].copy()
        return ()

    return run


def prepare_call_once(operator: Operator) -> Run:
    """Prepare CALL_ONCE, which has neither input nor output."""
    require_count(operator, (0, 0), 0)
    waiting = list(_callee(operator))

    def run(inputs: Sequence[Array], host: Host) -> tuple[Array, ...]:
        while waiting:
            host.call(waiting.pop())
        return ()

    return run


def _callee(operator: Operator) -> tuple[int, ...]:
    return (operator.options["init_subgraph_index"],)


KERNELS = {
    "VAR_HANDLE": Kernel(prepare_var_handle, (4, 4), (16, 8)),
    "READ_VARIABLE": Kernel(prepare_read, hosted=True),
    "ASSIGN_VARIABLE": Kernel(prepare_assign, (4, 0), hosted=True),
    "CALL_ONCE": Kernel(prepare_call_once, (8, 8), (4, 4), calls=_callee, hosted=True),
}
