"""The order in which TFLM's interpreter takes memory: the tail, and the least arena.

The tail of the arena holds what lives for ever, a row of allocations that grow down from its
end, each aligned down.  Sizes of structures depend on the compiler.  For x86-64 they reproduce
what the Python package ``tflite-micro`` records, which counts its recording too; for 32-bit
devices they follow from the same sources with pointers of 4 bytes, were not checked on a device,
and are approximate.

TFLM: ``micro/arena_allocator/single_arena_buffer_allocator.cc``, ``micro/micro_allocator.cc``,
``micro/micro_interpreter.cc``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from qutils.errors import ArenaOutOfMemoryError
from qutils.tflm.graph import Tensor
from qutils.tflm.kernels import KERNELS
from qutils.tflm.model import Model

_ALIGNMENT = 16
# Room for the requests of scratch memory that one kernel may make.
_SCRATCH_REQUESTS = 12


@dataclass(frozen=True)
class Platform:
    """Bytes of TFLM's structures on one kind of processor.

    Attributes
    ----------
    column
        Place of this platform in a kernel's `data_bytes` and `option_bytes`.
    overhead
        Allocators and planner, before anything of the model.
    eval_tensor, node, tensor, affine, pointer
        ``TfLiteEvalTensor``, ``NodeAndRegistration``, ``TfLiteTensor``,
        ``TfLiteAffineQuantization``, and a pointer.
    subgraph, resource_variable
        ``SubgraphAllocations`` and ``MicroResourceVariable``.
    scratch_request, allocation_info, planned_buffer
        Records that exist only while memory is planned.
    """

    column: int
    overhead: int
    eval_tensor: int
    node: int
    tensor: int
    affine: int
    pointer: int
    subgraph: int
    resource_variable: int
    scratch_request: int
    allocation_info: int
    planned_buffer: int = 40


X86_64 = Platform(0, 448, 24, 64, 64, 24, 8, 24, 40, 16, 32)
DEVICE_32_BITS = Platform(1, 112, 12, 32, 40, 12, 4, 8, 20, 12, 24)


class Arena:
    """A block of memory whose two ends grow towards each other.

    Parameters
    ----------
    size_bytes
        None for as much as it takes.
    platform
        The processor.
    """

    def __init__(self, size_bytes: int | None, platform: Platform) -> None:
        self.platform = platform
        # Addresses are aligned: the last bytes of an odd size are lost.
        self._lost = -(size_bytes or 0) % _ALIGNMENT
        self._end = inf if size_bytes is None else size_bytes + self._lost
        self._tail = self._lost
        self._head = 0
        self._temporary = 0
        self._most = 0

    @property
    def tail_bytes(self) -> int:
        """Bytes taken from the end so far."""
        return self._tail - self._lost

    @property
    def least_bytes(self) -> int:
        """The least multiple of 16 bytes that would have held everything so far."""
        return round_up(self._most)

    def persistent(self, size: int, alignment: int) -> None:
        """Take `size` bytes from the end."""
        bottom = round_up(self._tail + size, alignment)
        self._require("allocate tail memory", size, self._head + bottom - size)
        self._tail = bottom

    def temporary(self, size: int, alignment: int) -> None:
        """Take `size` bytes above the head, until the next `resize_head`."""
        start = round_up(self._temporary, alignment)
        self._require("allocate temp memory", size, start + self._tail)
        self._temporary = start + size

    def resize_head(self, size: int) -> None:
        """Give up all temporary memory and the old head."""
        self._require("resize buffer", size, self._tail)
        self._head = self._temporary = size

    def plan(self, buffers: int) -> None:
        """Give all that is left to the planner, which notes every buffer in it."""
        taken = round_up(self._temporary) + round_up(self._tail)
        one = self.platform.planned_buffer
        self._most = max(self._most, taken + buffers * one)
        if taken + buffers * one > self._end:
            most = max(0, int(self._end) - taken) // one
            raise ArenaOutOfMemoryError(f"Too many buffers (max is {most})")

    def tensor(self, tensor: Tensor, take: Callable[[int, int], None]) -> None:
        """Take what describes one tensor, by `persistent` or by `temporary`."""
        take(self.platform.tensor, self.platform.pointer)
        if tensor.quantization is not None:
            take(self.platform.affine, self.platform.pointer)
            take(4 + 4 * len(tensor.quantization.scale), 4)

    def _require(self, what: str, size: int, taken: int) -> None:
        self._most = max(self._most, taken + size)
        if taken + size > self._end:
            missing = taken + size - int(self._end)
            # TFLM prints a negative number as an unsigned one.
            raise ArenaOutOfMemoryError(
                f"Failed to {what}. Requested: {size}, available {(size - missing) % 2**32}, "
                f"missing: {missing}"
            )


def allocate(
    model: Model, head: int, buffers: int, platform: Platform, size_bytes: int | None = None
) -> Arena:
    """Take memory for a model as ``MicroInterpreter::AllocateTensors`` does.

    Parameters
    ----------
    model
        The model.
    head
        Bytes of the head, once it is planned.
    buffers
        Number of buffers in the head.
    platform
        The processor.
    size_bytes
        Of the arena; None for as much as it takes.

    Raises
    ------
    ArenaOutOfMemoryError
        The arena is too small, in TFLM's words.
    """
    arena, pointer = Arena(size_bytes, platform), platform.pointer
    subgraphs = model.subgraphs
    pairs = [(op, KERNELS[op.name]) for s in subgraphs for op in s.operators]

    arena.persistent(platform.overhead, pointer)
    if model.variables:
        arena.persistent(2 * pointer, _ALIGNMENT)
        arena.persistent(len(model.variables) * platform.resource_variable, _ALIGNMENT)
    arena.persistent(2 * pointer, pointer)
    arena.resize_head(_SCRATCH_REQUESTS * platform.scratch_request)
    arena.persistent(len(subgraphs) * platform.subgraph, pointer)
    for subgraph in subgraphs:
        arena.persistent(len(subgraph.tensors) * platform.eval_tensor, pointer)
    for subgraph in subgraphs:
        arena.persistent(len(subgraph.operators) * platform.node, pointer)
    for _, kernel in pairs:
        if size := kernel.option_bytes[platform.column]:
            has_pointers = len(set(kernel.option_bytes)) > 1
            arena.persistent(size, pointer if has_pointers else 4)
    for _, kernel in pairs:
        if size := kernel.data_bytes[platform.column]:
            arena.persistent(size, _ALIGNMENT)

    for variable in model.variables.values():
        if variable:
            arena.persistent(variable.size_bytes, _ALIGNMENT)
    scratch = 0
    for operator, kernel in pairs:
        for size in kernel.persistent(operator):
            arena.persistent(size, _ALIGNMENT)
        for tensor in kernel.temporaries(operator):
            arena.tensor(tensor, arena.temporary)
        scratch += len(kernel.scratch(operator))
        arena.resize_head((_SCRATCH_REQUESTS + scratch) * platform.scratch_request)
    if scratch:
        arena.persistent(scratch * pointer, pointer)
    tensors = [tensor for subgraph in subgraphs for tensor in subgraph.tensors]
    for tensor in tensors:
        if tensor.is_variable:
            arena.persistent(tensor.size_bytes, _ALIGNMENT)

    arena.temporary(len(subgraphs) * pointer, pointer)
    arena.temporary((len(tensors) + scratch) * platform.allocation_info, pointer)
    arena.plan(buffers)
    arena.resize_head(head)
    for group in (model.main.inputs, model.main.outputs):
        arena.persistent(len(group) * pointer, _ALIGNMENT)
        for tensor in group:
            arena.tensor(tensor, arena.persistent)
    return arena


def round_up(size: int, alignment: int = _ALIGNMENT) -> int:
    """Return the next multiple of `alignment`."""
    return -(-size // alignment) * alignment
