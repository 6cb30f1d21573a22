"""The tail of the arena: what TFLM's interpreter keeps for as long as it lives.

The tail is a row of allocations that grow down from the end of the arena, each aligned down.
Sizes of structures depend on the compiler.  For x86-64 they reproduce what the Python package
``tflite-micro`` records; for 32-bit devices they follow from the same sources with
pointers of 4 bytes, were not checked on a device, and are approximate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qutils.tflm.graph import Operator, Tensor
from qutils.tflm.model import Model

__all__ = ["ON_32_BITS", "ON_X86_64", "TailSizes", "tail_bytes"]


@dataclass(frozen=True)
class TailSizes:
    """Bytes of TFLM's structures on one kind of processor.

    Attributes
    ----------
    overhead
        Allocators and planner, before anything of the model.
    eval_tensor, node, tensor, affine, pointer
        ``TfLiteEvalTensor``, ``NodeAndRegistration``, ``TfLiteTensor``,
        ``TfLiteAffineQuantization``, and a pointer.
    op_data
        What the kernel of each operator keeps.
    options
        The decoded options of each operator.
    scratch_request, allocation_info
        Records that exist only while memory is planned.
    """

    overhead: int
    eval_tensor: int
    node: int
    tensor: int
    affine: int
    pointer: int
    op_data: Mapping[str, int]
    options: Mapping[str, int]
    scratch_request: int
    allocation_info: int


_OPTIONS = {
    "CONV_2D": 28,
    "DEPTHWISE_CONV_2D": 28,
    "AVERAGE_POOL_2D": 40,
    "MAX_POOL_2D": 40,
    "SOFTMAX": 4,
    "ADD": 8,
    "RESHAPE": 36,
    "MEAN": 1,
}

ON_X86_64 = TailSizes(
    overhead=488,
    eval_tensor=24,
    node=64,
    tensor=64,
    affine=24,
    pointer=8,
    op_data={
        "CONV_2D": 80,
        "DEPTHWISE_CONV_2D": 80,
        "FULLY_CONNECTED": 72,
        "AVERAGE_POOL_2D": 32,
        "MAX_POOL_2D": 32,
        "SOFTMAX": 80,
        "ADD": 60,
        "MEAN": 56,
        "QUANTIZE": 32,
        "DEQUANTIZE": 32,
        "RELU": 28,
        "RELU6": 8,
    },
    options={**_OPTIONS, "FULLY_CONNECTED": 32},
    scratch_request=16,
    allocation_info=32,
)

ON_32_BITS = TailSizes(
    overhead=128,
    eval_tensor=12,
    node=32,
    tensor=40,
    affine=12,
    pointer=4,
    op_data={
        **ON_X86_64.op_data,
        "CONV_2D": 56,
        "DEPTHWISE_CONV_2D": 56,
        "FULLY_CONNECTED": 48,
        "SOFTMAX": 56,
    },
    options={**_OPTIONS, "FULLY_CONNECTED": 16},
    scratch_request=12,
    allocation_info=24,
)


@dataclass
class _Tail:
    used: int = field(default=0)

    def take(self, size: int, alignment: int) -> None:
        if size:
            self.used = -(-(self.used + size) // alignment) * alignment


@dataclass(frozen=True)
class TailBytes:
    """Bytes of the tail: in total, and before inputs and outputs get their structures."""

    total: int
    before_io: int


def tail_bytes(model: Model, sizes: TailSizes) -> TailBytes:
    """Return how many bytes the tail of the arena takes.

    Parameters
    ----------
    model
        Any model that loads.
    sizes
        Structure sizes of the processor.
    """
    tail = _Tail(sizes.overhead)
    operators = [op for subgraph in model.subgraphs for op in subgraph.operators]
    for subgraph in model.subgraphs:
        tail.take(len(subgraph.tensors) * sizes.eval_tensor, sizes.pointer)
        tail.take(len(subgraph.operators) * sizes.node, sizes.pointer)
    for operator in operators:
        # Of all options, only those of FULLY_CONNECTED behave as if they held a pointer.
        alignment = sizes.pointer if operator.name == "FULLY_CONNECTED" else 4
        tail.take(sizes.options.get(operator.name, 0), alignment)
    for operator in operators:
        tail.take(sizes.op_data.get(operator.name, 0), 16)
    for operator in operators:
        for size in _channel_arrays(operator):
            tail.take(size, 16)
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            if tensor.is_variable:
                tail.take(tensor.size_bytes, 16)
    before_io = tail.used
    for group in (model.main.inputs, model.main.outputs):
        tail.take(len(group) * sizes.pointer, 16)
        for tensor in group:
            _persistent_tensor(tail, tensor, sizes)
    return TailBytes(tail.used, before_io)


def _channel_arrays(operator: Operator) -> tuple[int, ...]:
    """Return the sizes of the per-channel multipliers and shifts of one operator."""
    if operator.name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return ()
    weights = operator.inputs[1]
    assert weights is not None
    channels = weights.shape[3 if operator.name == "DEPTHWISE_CONV_2D" else 0]
    if operator.name == "FULLY_CONNECTED":
        quantization = weights.quantization
        if weights.type == "FLOAT32" or quantization is None or len(quantization.scale) == 1:
            return ()
    return (4 * channels, 4 * channels)


def _persistent_tensor(tail: _Tail, tensor: Tensor, sizes: TailSizes) -> None:
    tail.take(sizes.tensor, sizes.pointer)
    if tensor.quantization is not None:
        tail.take(sizes.affine, sizes.pointer)
        tail.take(4 + 4 * len(tensor.quantization.scale), 4)
