"""The tail of the arena: what TFLM's interpreter keeps for as long as it lives.

The tail is a row of allocations that grow down from the end of the arena, each aligned down.
Sizes of structures depend on the compiler.  For x86-64 they reproduce what the Python package
``tflite-micro`` records, which counts its recording too; for 32-bit devices they follow
from the same sources with pointers of 4 bytes, were not checked on a device, and are
approximate.
"""

from dataclasses import dataclass

from qutils.tflm.graph import Tensor
from qutils.tflm.kernels import KERNELS
from qutils.tflm.model import Model


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
    scratch_request: int
    allocation_info: int
    planned_buffer: int = 40


X86_64 = Platform(0, 488, 24, 64, 64, 24, 8, 16, 32)
DEVICE_32_BITS = Platform(1, 128, 12, 32, 40, 12, 4, 12, 24)


@dataclass
class Tail:
    """Bytes taken so far."""

    used: int

    def take(self, size: int, alignment: int) -> None:
        """Allocate `size` bytes, aligned."""
        if size:
            self.used = -(-(self.used + size) // alignment) * alignment


def tail_bytes(model: Model, platform: Platform) -> tuple[int, int]:
    """Return the bytes of the tail while memory is planned, and when all is allocated."""
    tail = Tail(platform.overhead)
    for subgraph in model.subgraphs:
        tail.take(len(subgraph.tensors) * platform.eval_tensor, platform.pointer)
        tail.take(len(subgraph.operators) * platform.node, platform.pointer)
    pairs = [(op, KERNELS[op.name]) for s in model.subgraphs for op in s.operators]
    for _, kernel in pairs:
        has_pointers = len(set(kernel.option_bytes)) > 1
        tail.take(kernel.option_bytes[platform.column], platform.pointer if has_pointers else 4)
    for _, kernel in pairs:
        tail.take(kernel.data_bytes[platform.column], 16)
    for operator, kernel in pairs:
        for size in kernel.persistent(operator):
            tail.take(size, 16)
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            if tensor.is_variable:
                tail.take(tensor.size_bytes, 16)
    while_planning = tail.used
    for group in (model.main.inputs, model.main.outputs):
        tail.take(len(group) * platform.pointer, 16)
        for tensor in group:
            _take_tensor(tail, tensor, platform)
    return while_planning, tail.used


def least_arena(model: Model, head: int, planned: int, scratch: int, platform: Platform) -> int:
    """Return about the least arena that passes allocation.

    Parameters
    ----------
    model
        The model.
    head
        Bytes of the head.
    planned, scratch
        Numbers of buffers in the head, and of scratch buffers among them.
    platform
        The processor.

    Notes
    -----
    While the plan is made, the room of the head holds one record for each tensor of the file
    and the planner's tables for each buffer.  The temporaries of kernels that prepare
    themselves are not counted; they matter for arenas of about a kilobyte.
    """
    while_planning, total = tail_bytes(model, platform)
    tensors = sum(len(subgraph.tensors) for subgraph in model.subgraphs)
    records = (
        platform.scratch_request * (12 + scratch)
        + platform.pointer * len(model.subgraphs)
        + platform.allocation_info * (tensors + scratch)
        + platform.planned_buffer * planned
    )
    return max(head + total, while_planning + records)


def _take_tensor(tail: Tail, tensor: Tensor, platform: Platform) -> None:
    tail.take(platform.tensor, platform.pointer)
    if tensor.quantization is not None:
        tail.take(platform.affine, platform.pointer)
        tail.take(4 + 4 * len(tensor.quantization.scale), 4)
