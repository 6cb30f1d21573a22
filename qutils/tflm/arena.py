"""Where TFLite Micro puts every tensor of a model: lifetimes, and the greedy memory plan.

The arena is one block of RAM.  Its *head* holds activations and scratch memory, laid over
each other as lifetimes allow; this plan is exact.  Its *tail* holds what lives for ever
(structures of the interpreter, per-channel multipliers); its size depends on the compiler and
is approximate.

TFLM: ``micro/micro_allocation_info.cc``, ``micro/memory_planner/greedy_memory_planner.cc``,
``micro/micro_allocator.cc``.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qutils.errors import (
    ArenaOutOfMemoryError,
    InvalidModelError,
    UnsupportedOperatorError,
)
from qutils.tflm.graph import Tensor
from qutils.tflm.kernels import KERNELS
from qutils.tflm.model import Model
from qutils.tflm.tail import DEVICE_32_BITS, X86_64, allocate, round_up

_OPEN = -1
_UNUSED = (-1, -1)
# Far above any model; a crafted one could keep the planner busy for hours.
_MOST_WORK = 1 << 21


@dataclass(frozen=True)
class Allocation:
    """One buffer in the head of the arena.

    Attributes
    ----------
    tensor
        Index of the tensor, or None for scratch memory of a kernel.
    name
        Name of the tensor, or whose scratch memory it is.
    offset, size_bytes
        Where it lies; sizes are rounded up to 16 bytes.
    first, last
        The steps during which it is alive: inputs arrive at step 0, operator k runs at step
        k + 1.  A tensor that nothing uses has -1.
    type
        Element type of the tensor; None for scratch memory.
    """

    tensor: int | None
    name: str
    offset: int
    size_bytes: int
    first: int
    last: int
    type: str | None


@dataclass(frozen=True)
class ArenaPlan:
    """The memory plan of a model.

    Attributes
    ----------
    head_bytes
        Exact: what TFLM's interpreter records.
    tail_bytes
        Approximate, for a device with 32-bit pointers and TFLM's reference kernels.
    tail_bytes_x86_64
        For the x86-64 interpreter of the Python package ``tflite-micro``, which records its
        allocations and so takes more.
    min_arena_bytes
        Approximate: the least arena on a 32-bit device, a multiple of 16.  Preparing and
        planning need room themselves, so small models need more than head and tail.
    min_arena_bytes_x86_64
        The same for the x86-64 interpreter, exact; up to 32 bytes too many where an int8
        FULLY_CONNECTED has a scale per channel, whose arrays TFLM lays over temporaries.
    allocations
        All buffers of the head, in the order of tensors, scratch memory last.
    """

    head_bytes: int
    tail_bytes: int
    tail_bytes_x86_64: int
    min_arena_bytes: int
    min_arena_bytes_x86_64: int
    allocations: tuple[Allocation, ...]

    def alive_at(self, step: int) -> tuple[Allocation, ...]:
        """Return the buffers that are alive at one step, largest first."""
        alive = [a for a in self.allocations if a.first <= step <= a.last]
        return tuple(sorted(alive, key=lambda a: -a.size_bytes))

    def peak_step(self) -> int:
        """Return the first step at which the buffers that are alive take most bytes."""
        change = np.zeros(max((a.last for a in self.allocations), default=0) + 2, np.int64)
        for allocation in self.allocations:
            if allocation.first >= 0:
                change[allocation.first] += allocation.size_bytes
                change[allocation.last + 1] -= allocation.size_bytes
        return int(change.cumsum().argmax())


def plan_arena(model: Model) -> ArenaPlan:
    """Plan the arena of a model as TFLite Micro does.

    Parameters
    ----------
    model
        Any model that loads.

    Raises
    ------
    InvalidModelError
        The file carries an offline memory plan that does not fit its tensors.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> plan = plan_arena(tiny_model())
    >>> plan.head_bytes, [(a.offset, a.first, a.last) for a in plan.allocations]
    (32, [(16, 0, 1), (0, 1, 1)])
    """
    requests = _requests(model)
    allocations = tuple(first_fit(requests, placing_order(requests)))
    head = max((a.offset + a.size_bytes for a in allocations), default=0)
    device = allocate(model, head, len(allocations), DEVICE_32_BITS)
    x86_64 = allocate(model, head, len(allocations), X86_64)
    return ArenaPlan(
        head_bytes=head,
        tail_bytes=device.tail_bytes,
        tail_bytes_x86_64=x86_64.tail_bytes,
        min_arena_bytes=device.least_bytes,
        min_arena_bytes_x86_64=x86_64.least_bytes,
        allocations=allocations,
    )


class _Lifetimes:
    """First and last step of every buffer, counted as TFLM counts scopes.

    Inputs and outputs exist from step 0 on, an output that an operator makes from its step on;
    outputs live to the end.  A subgraph runs within the step of the operator that calls it and
    has steps of its own; what is never run has none.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._step = 0
        self.tensors: dict[tuple[int, int], tuple[int, int]] = {}
        self.scratch: dict[tuple[int, int], tuple[int, int]] = {}
        self._visit(0)

    def _visit(self, number: int) -> None:
        graph = self._model.subgraphs[number]
        for tensor in (*graph.inputs, *graph.outputs):
            self._create(number, tensor)
        for operator in graph.operators:
            self._step += 1
            first = self._step
            for tensor in operator.outputs:
                self._create(number, tensor)
            for called in KERNELS[operator.name].calls(operator):
                self._step += 1
                self._visit(called)
            for used in operator.tensors:
                self._use(number, used)
            self.scratch[number, operator.index] = first, self._step
        for tensor in graph.outputs:
            self._use(number, tensor)

    def _create(self, number: int, tensor: Tensor) -> None:
        self.tensors[number, tensor.index] = self._step, self._step

    def _use(self, number: int, tensor: Tensor) -> None:
        first, _ = self.tensors.get((number, tensor.index), (self._step, 0))
        self.tensors[number, tensor.index] = first, self._step


def _requests(model: Model) -> list[Allocation]:
    """Return all buffers with their lifetimes; the offset is _OPEN where none is planned yet.

    Tensors that nothing uses, those of subgraphs that nothing calls too, get memory all the
    same.  Scratch memory comes last.
    """
    alive = _Lifetimes(model)
    offline = _offline_offsets(model)
    tensors, scratch = [], []
    for number, subgraph in enumerate(model.subgraphs):
        for tensor in filter(_needs_memory, subgraph.tensors):
            life = alive.tensors.get((number, tensor.index), _UNUSED)
            offset = offline[tensor.index] if offline else _OPEN
            size = round_up(tensor.size_bytes)
            tensors.append(Allocation(tensor.index, tensor.name, offset, size, *life, tensor.type))
        for operator in subgraph.operators:
            life = alive.scratch.get((number, operator.index), _UNUSED)
            name = f"scratch of operator {operator.index} {operator.name}"
            scratch += [
                Allocation(None, name, _OPEN, round_up(size), *life, None)
                for size in KERNELS[operator.name].scratch(operator)
            ]
    return tensors + scratch


def _needs_memory(tensor: Tensor) -> bool:
    return tensor.data is None and not tensor.is_variable and tensor.size_bytes > 0


def _offline_offsets(model: Model) -> list[int] | None:
    """Return the offsets of the metadata OfflineMemoryAllocation, one for each tensor."""
    if "OfflineMemoryAllocation" not in model.metadata:
        return None
    blob = model.metadata["OfflineMemoryAllocation"]
    numbers = np.frombuffer(blob[: len(blob) // 4 * 4], "<i4").tolist()
    tensors = sum(len(subgraph.tensors) for subgraph in model.subgraphs)
    # Version, subgraph, count, then one offset for each tensor.
    if len(numbers) < 3 or numbers[2] != tensors or len(numbers) < 3 + tensors:
        raise InvalidModelError(
            f"Nbr of offline buffer offsets ({numbers[2] if len(numbers) > 2 else 0}) in metadata "
            f"not equal nbr tensors ({tensors})"
        )
    offsets = numbers[3 : 3 + tensors]
    if min(offsets, default=0) < _OPEN:
        raise InvalidModelError("the offline memory plan has a negative offset")
    return offsets


def placing_order(requests: Sequence[Allocation]) -> list[int]:
    """Return the order in which TFLM gives buffers their places, as numbers of `requests`.

    Those that have a place already (an offset other than -1) come first; then the others,
    largest first, and among equal sizes the one added last.

    Examples
    --------
    >>> sizes = (16, 64, 64)
    >>> placing_order([Allocation(None, "", -1, size, 0, 1, None) for size in sizes])
    [2, 1, 0]
    """
    numbers = range(len(requests))
    fixed = [n for n in numbers if requests[n].offset != _OPEN]
    open_ones = [n for n in reversed(numbers) if requests[n].offset == _OPEN]
    return fixed + sorted(open_ones, key=lambda n: -requests[n].size_bytes)


def first_fit(requests: Sequence[Allocation], order: Sequence[int]) -> list[Allocation]:
    """Give every buffer the first gap among those placed before it that are alive with it.

    Parameters
    ----------
    requests
        Buffers; the offset is -1 where there is no place yet, and kept where there is one.
    order
        Their numbers, each once.

    Returns
    -------
    The buffers in their own order, with offsets.

    Raises
    ------
    UnsupportedOperatorError
        A plan that would take too long: too many buffers live beside each other.

    Examples
    --------
    >>> chain = [Allocation(None, "", -1, 16 * n, n // 2, n // 2 + 1, None) for n in (1, 2, 4)]
    >>> [a.offset for a in first_fit(chain, [0, 1, 2])]
    [0, 16, 48]
    >>> [a.offset for a in first_fit(chain, [2, 1, 0])]
    [0, 64, 0]
    """
    # For every step what is taken: (start, end), sorted and apart from each other.
    taken: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    result, work = list(requests), 0
    for number in order:
        request = result[number]
        steps = range(request.first, request.last + 1)
        if request.offset == _OPEN:
            spans = {span for step in steps for span in taken[step]}
            work += len(spans)
            request = replace(request, offset=_first_gap(request.size_bytes, spans))
        for step in steps:
            _take(taken[step], request.offset, request.offset + request.size_bytes)
        work += len(steps)
        if work > _MOST_WORK:
            raise UnsupportedOperatorError(
                f"{len(requests)} buffers live too long beside each other for the emulator to plan"
            )
        result[number] = request
    return result


def _first_gap(size: int, spans: set[tuple[int, int]]) -> int:
    offset = 0
    for start, end in sorted(spans):
        if start - offset >= size:
            break
        offset = max(offset, end)
    return offset


def _take(spans: list[tuple[int, int]], start: int, end: int) -> None:
    """Mark ``start..end`` as taken; spans that touch become one."""
    first = bisect_left(spans, start, key=lambda span: span[1])
    last = bisect_right(spans, end, key=lambda span: span[0])
    if first < last:
        start, end = min(start, spans[first][0]), max(end, spans[last - 1][1])
    spans[first:last] = [(start, end)]


def check_arena(model: Model, plan: ArenaPlan, arena_bytes: int) -> None:
    """Raise what a 32-bit device reports where a model does not fit its arena.

    Raises
    ------
    ArenaOutOfMemoryError
        TFLM's words first, then which tensors are alive at the peak and what would help.
    """
    try:
        allocate(model, plan.head_bytes, len(plan.allocations), DEVICE_32_BITS, arena_bytes)
    except ArenaOutOfMemoryError as error:
        raise ArenaOutOfMemoryError(f"{error}\n{_explanation(plan, arena_bytes)}") from None


def _explanation(plan: ArenaPlan, arena_bytes: int) -> str:
    step = plan.peak_step()
    alive = plan.alive_at(step)
    more = plan.min_arena_bytes - round_up(plan.head_bytes + plan.tail_bytes)
    planning = f", and {more:,} more while it plans" if more else ""
    lines = [
        f"The arena has {arena_bytes:,} bytes; the model needs about {plan.min_arena_bytes:,}: "
        f"{plan.head_bytes:,} for activations (exact), about {plan.tail_bytes:,} for the "
        f"interpreter{planning}.",
        f"Most is alive at step {step}, {sum(a.size_bytes for a in alive):,} bytes:",
    ]
    lines += [f"  {a.size_bytes:>9,} bytes  {_who(a)}" for a in alive[:6]]
    if len(alive) > 6:
        lines.append(f"  and {len(alive) - 6} smaller ones")
    lines.append(
        f"What would help: {', '.join(_advice(plan, alive))}, or a larger arena, on a board with "
        "more SRAM if need be. Smaller weights would not: they stay in flash."
    )
    return "\n".join(lines)


def _who(buffer: Allocation) -> str:
    # The converter joins the names of all that it fused.
    name = buffer.name.partition(";")[0] or f"tensor {buffer.tensor}"
    return f"{buffer.type} {name}" if buffer.type else name


def _advice(plan: ArenaPlan, alive: tuple[Allocation, ...]) -> Iterator[str]:
    if any(a.type == "FLOAT32" for a in alive):
        yield "int8 instead of float32 activations (a quarter)"
    if 2 * plan.head_bytes >= plan.min_arena_bytes:
        yield "fewer channels or a stride in the layers that make these tensors, a smaller input"
    else:
        yield "fewer operators, since most is for the interpreter"
