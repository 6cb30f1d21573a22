"""An interpreter with the interface of LiteRT's and the behaviour of TFLite Micro."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qutils.errors import UnsupportedFeatureError
from qutils.tflm.arena import check_arena, plan_arena
from qutils.tflm.boards import find_board
from qutils.tflm.execution import Execution
from qutils.tflm.graph import DTYPES, Subgraph, Tensor
from qutils.tflm.kernels import KERNELS, xnnpack
from qutils.tflm.model import Model, check_operators

_KERNELS = {"tflm": KERNELS, "xnnpack": xnnpack.KERNELS}
# Activations of one chunk of a batch; more would leave the processor's cache.
_CHUNK_BYTES = 5 << 18
# Freed arrays up to this size stay with the process while a batch runs.
_KEPT_BYTES = 1 << 24
# Without a board or an arena size: far above any microcontroller, far below a PC.
_LARGEST_ARENA_BYTES = 1 << 26


class Interpreter:
    """Run a .tflite model as TFLite Micro does, or LiteRT with XNNPACK, bit for bit.

    The methods and the dictionaries of details are those of
    ``ai_edge_litert.interpreter.Interpreter``, so that it can take its place.

    Parameters
    ----------
    model_path
        A .tflite file.
    model_content
        Its bytes, or a `Model`; give one of the two.
    board
        Id of a board in `BOARDS`; the arena may not exceed its SRAM.
    arena_size
        Bytes of the arena; by default the board's whole SRAM, or as much as it takes.
    rounding
        "tflm", or "xnnpack" for what LiteRT computes on a PC with the delegate that it takes by
        default; this leaves the arena as it is, and int8 operators alone are supported.
    experimental_delegates
        None: TFLM has no delegates.

    Raises
    ------
    InvalidModelError, UnsupportedOperatorError
        From `Model.from_bytes`; with ``rounding="xnnpack"``, for operators that are not held to
        LiteRT, all of them named.
    ValueError
        Not exactly one model, an unknown board or rounding, or an arena larger than the
        board's SRAM.
    UnsupportedFeatureError
        Delegates are given.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> interpreter = Interpreter(model_content=tiny_model())
    >>> interpreter.allocate_tensors()
    >>> interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.int8([[-3, 5]]))
    >>> interpreter.invoke()
    >>> interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    array([[0, 5]], dtype=int8)
    """

    def __init__(
        self,
        model_path: str | PathLike[str] | None = None,
        model_content: bytes | Model | None = None,
        *,
        board: str | None = None,
        arena_size: int | None = None,
        rounding: Literal["tflm", "xnnpack"] = "tflm",
        experimental_delegates: Sequence[Any] | None = None,
    ) -> None:
        if experimental_delegates:
            raise UnsupportedFeatureError(
                "TFLite Micro has no delegates: kernels are linked into the program"
            )
        if (model_path is None) == (model_content is None):
            raise ValueError("give either model_path or model_content")
        if isinstance(model_content, Model):
            self.model = model_content
        elif model_content is not None:
            self.model = Model.from_bytes(model_content)
        elif model_path is not None:
            self.model = Model.from_file(model_path)
        if rounding not in _KERNELS:
            raise ValueError(f"rounding is one of {list(_KERNELS)}, got {rounding!r}")
        self._kernels = _KERNELS[rounding]
        if self._kernels is not KERNELS:
            check_operators(self.model.subgraphs, self._kernels)
        self._arena_bytes = _arena_bytes(board, arena_size)
        self._execution: Execution | None = None
        self._values: dict[int, NDArray[Any]] = {}

    def allocate_tensors(self) -> None:
        """Plan the arena and prepare every operator.

        Raises
        ------
        ArenaOutOfMemoryError
            The arena is too small; the message is TFLM's, and then an explanation.
        """
        check_arena(self.model, plan_arena(self.model), self._arena_bytes)
        self._execution = Execution(self.model, self._kernels)
        self._values = {
            t.index: np.zeros((1, *t.shape), DTYPES[t.type]) for t in self._graph.inputs
        }

    def get_input_details(self) -> list[dict[str, Any]]:
        """Return a dictionary of details for each input, with LiteRT's keys."""
        return [_details(tensor) for tensor in self._graph.inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Return a dictionary of details for each output, with LiteRT's keys."""
        return [_details(tensor) for tensor in self._graph.outputs]

    def get_tensor_details(self) -> list[dict[str, Any]]:
        """Return a dictionary of details for each tensor, with LiteRT's keys."""
        return [_details(tensor) for tensor in self._graph.tensors]

    def set_tensor(self, tensor_index: int, value: ArrayLike) -> None:
        """Copy `value` into an input.

        Parameters
        ----------
        tensor_index
            ``index`` of an entry of `get_input_details`.
        value
            Array of exactly the tensor's shape and dtype.

        Raises
        ------
        ValueError
            Another shape or dtype, or a tensor that is no input; says what was expected.
        RuntimeError
            Before `allocate_tensors`.
        """
        self._allocated()
        tensor = self._tensor(tensor_index)
        if tensor not in self._graph.inputs:
            inputs = [t.index for t in self._graph.inputs]
            raise ValueError(f"{tensor.label} is no input; inputs are {inputs}")
        array = np.asarray(value)
        _require(tensor, array, array.shape == tensor.shape, tensor.shape)
        self._values[tensor.index] = array[np.newaxis].copy()

    def invoke(self) -> None:
        """Run the model once.

        Raises
        ------
        RuntimeError
            Before `allocate_tensors`.
        """
        execution = self._allocated()
        inputs = {t.index: self._values[t.index] for t in self._graph.inputs}
        self._values = execution.run(inputs, keep_all=True)

    def get_tensor(self, tensor_index: int) -> NDArray[Any]:
        """Return a copy of a tensor: a constant, an input, or what `invoke` computed.

        Raises
        ------
        ValueError
            There is no such tensor, or it has no value yet.
        RuntimeError
            Before `allocate_tensors`.
        """
        self._allocated()
        tensor = self._tensor(tensor_index)
        if tensor.data is not None:
            return tensor.data.copy()
        if tensor.index not in self._values:
            raise ValueError(f"{tensor.label} has no value: call invoke() first")
        return self._values[tensor.index][0].copy()

    def reset_all_variables(self) -> None:
        """Clear the state that lives between invocations: real 0 in every variable.

        As in TFLM, what CALL_ONCE ran has run: it does not assign its values anew.

        Raises
        ------
        RuntimeError
            Before `allocate_tensors`.
        """
        self._allocated().reset()

    def predict(self, batch: ArrayLike) -> NDArray[Any]:
        r"""Run a model of one input and one output on a whole batch, with the same bits.

        A model with state gets the inputs one after the other, each with the state that the one
        before it left.

        Parameters
        ----------
        batch
            (N, ...) of the input's dtype: N inputs without their leading dimension of 1
            (N, \*shape[1:]), or N whole inputs (N, \*shape).

        Returns
        -------
        (N, ...): the outputs, with their leading dimension where the inputs had it.

        Raises
        ------
        ValueError
            Another shape or dtype, or a model with several inputs or outputs.
        RuntimeError
            Before `allocate_tensors`.
        """
        execution, graph = self._allocated(), self._graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise ValueError(
                f"predict needs one input and one output, the model has {len(graph.inputs)} and "
                f"{len(graph.outputs)}: use set_tensor, invoke and get_tensor"
            )
        source, target = graph.inputs[0], graph.outputs[0]
        array = np.asarray(batch)
        whole = array.shape[1:] == source.shape
        single = source.shape[:1] == (1,)
        flat = single and not whole and array.shape[1:] == source.shape[1:]
        _require(source, array, whole or flat, ("N", *source.shape[single:]))
        squeeze = flat and target.shape[:1] == (1,)
        result = np.empty((len(array), *target.shape[squeeze:]), DTYPES[target.type])
        _keep_freed_memory()
        step = 1 if execution.is_stateful else self._chunk()
        for start in range(0, len(array), step):
            part = array[start : start + step]
            values = execution.run({source.index: part.reshape(len(part), *source.shape)})
            # What depends on constants alone has a batch axis of 1.
            output = np.broadcast_to(values[target.index], (len(part), *target.shape))
            result[start : start + step] = output.reshape(len(part), *result.shape[1:])
        return result

    def resize_tensor_input(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise UnsupportedFeatureError: in TFLM, shapes are fixed in the file."""
        raise UnsupportedFeatureError(
            "TFLite Micro cannot resize an input: convert the model with the shape it needs"
        )

    def get_signature_list(self) -> NoReturn:
        """Raise UnsupportedFeatureError: TFLM knows inputs and outputs by index."""
        raise UnsupportedFeatureError(
            "TFLite Micro has no signatures: use get_input_details and get_output_details"
        )

    def get_signature_runner(self, signature_key: str | None = None) -> NoReturn:
        """Raise UnsupportedFeatureError: TFLM has no signatures."""
        raise UnsupportedFeatureError(
            "TFLite Micro has no signatures: use set_tensor, invoke and get_tensor"
        )

    @property
    def _graph(self) -> Subgraph:
        return self.model.main

    def _allocated(self) -> Execution:
        if self._execution is None:
            raise RuntimeError("call allocate_tensors() first")
        return self._execution

    def _tensor(self, index: int) -> Tensor:
        if not 0 <= index < len(self._graph.tensors):
            raise ValueError(f"no tensor {index}: the model has {len(self._graph.tensors)}")
        return self._graph.tensors[index]

    def _chunk(self) -> int:
        """Return how many invocations run side by side."""
        largest = max((t.size_bytes for t in self._graph.tensors if t.data is None), default=1)
        return max(1, _CHUNK_BYTES // max(1, 8 * largest))


def _keep_freed_memory() -> None:
    """Have the C library keep the memory of freed arrays, for the next operator's.

    glibc gives freed blocks above a threshold back to the system, so that each page has to be
    fetched anew; the threshold rises to the largest block that was ever freed.  Elsewhere this
    does nothing.
    """
    np.empty(_KEPT_BYTES, np.int8)


def _arena_bytes(board: str | None, arena_size: int | None) -> int:
    if arena_size is not None and arena_size < 1:
        raise ValueError(f"arena_size must be positive, got {arena_size}")
    if board is None:
        return _LARGEST_ARENA_BYTES if arena_size is None else arena_size
    found = find_board(board)
    if arena_size is None:
        return found.arena_limit_bytes
    if arena_size > found.arena_limit_bytes:
        raise ValueError(
            f"an arena of {arena_size:,} bytes exceeds the {found.arena_limit_bytes:,} bytes of "
            f"SRAM that one array can have on the {found.name}"
        )
    return arena_size


def _require(tensor: Tensor, array: NDArray[Any], fits: bool, shape: tuple[Any, ...]) -> None:
    dtype = DTYPES[tensor.type]
    if not fits or array.dtype != dtype:
        expected = "(" + ", ".join(str(n) for n in shape) + ")"
        raise ValueError(
            f"{tensor.label}: expected shape {expected} and dtype {dtype}, got shape "
            f"{array.shape} and dtype {array.dtype}"
        )


def _details(tensor: Tensor) -> dict[str, Any]:
    quantization = tensor.quantization
    scales = quantization.scale if quantization else np.array([], np.float32)
    zero_points = quantization.zero_point if quantization else np.array([], np.int64)
    single = len(scales) == 1
    return {
        "name": tensor.name,
        "index": tensor.index,
        "shape": np.array(tensor.shape, np.int32),
        "shape_signature": np.array(tensor.shape_signature, np.int32),
        "dtype": DTYPES[tensor.type].type if tensor.type in DTYPES else np.object_,
        "quantization": (float(scales[0]), int(zero_points[0])) if single else (0.0, 0),
        "quantization_parameters": {
            "scales": scales.copy(),
            "zero_points": zero_points.astype(np.int32),
            "quantized_dimension": quantization.axis if quantization else 0,
            "block_size": 0,
        },
        "sparsity_parameters": {},
    }
