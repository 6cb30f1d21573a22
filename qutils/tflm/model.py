"""The bytes of a .tflite file as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm.graph import DTYPES, Subgraph, Tensor
from qutils.tflm.kernels import KERNELS
from qutils.tflm.kernels.base import Kernel
from qutils.tflm.kernels.variables import find_variables
from qutils.tflm.parse import parse_metadata, parse_subgraphs, root_table

# Planner and interpreter follow every call; models have one or two, of a few operators.
_MOST_CALLS = 100
_MOST_CALLED_OPERATORS = 10_000
# Offsets in a FlatBuffer are 32-bit integers.
_MOST_BYTES = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Model:
    """A .tflite model whose every operator the emulator can run.

    Attributes
    ----------
    subgraphs
        The first one is the model; others are called by operators.
    variables
        Resource variables by name, each with the tensor that is first assigned to it (None
        where nothing is), which gives its size and first value.
    metadata
        Named byte strings that the file carries.
    description
        Text that the converter left.
    content
        The whole file, as a program for a board carries it.
    """

    subgraphs: tuple[Subgraph, ...]
    variables: Mapping[str, Tensor | None]
    metadata: Mapping[str, bytes]
    description: str
    content: bytes = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Model":
        """Decode the content of a .tflite file.

        Parameters
        ----------
        data
            The whole file.

        Raises
        ------
        InvalidModelError
            The bytes are not a well-formed model; the message says what and where.
        UnsupportedOperatorError
            Operators or types that the emulator lacks, all of them named.

        Examples
        --------
        >>> Model.from_bytes(b"")
        Traceback (most recent call last):
        qutils.errors.InvalidModelError: a .tflite file has at least 8 bytes, this one has 0
        """
        data = bytes(data)
        root = root_table(data)
        subgraphs = parse_subgraphs(root)
        _check_borders(subgraphs[0])
        check_operators(subgraphs, KERNELS)
        _check_calls(subgraphs)
        return cls(
            subgraphs=subgraphs,
            variables=find_variables(subgraphs),
            metadata=parse_metadata(root),
            description=root.text(3, "description"),
            content=data,
        )

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> "Model":
        """Decode a .tflite file; see `from_bytes`.

        Raises
        ------
        OSError
            The file cannot be read.
        """
        size = Path(path).stat().st_size
        if size > _MOST_BYTES:
            raise InvalidModelError(f"a .tflite file has less than 2 GiB, this one {size:,} bytes")
        return cls.from_bytes(Path(path).read_bytes())

    @property
    def size_bytes(self) -> int:
        """Length of the file: what it takes in flash."""
        return len(self.content)

    @property
    def main(self) -> Subgraph:
        """The subgraph that an interpreter runs."""
        return self.subgraphs[0]


def _check_borders(main: Subgraph) -> None:
    for tensor in (*main.inputs, *main.outputs):
        if tensor.type not in DTYPES:
            raise UnsupportedOperatorError(
                f"{tensor.label}: a value of type {tensor.type} can neither be given nor read"
            )
    for tensor in main.inputs:
        if tensor.data is not None:
            raise UnsupportedOperatorError(
                f"{tensor.label}: an input of the model is a constant of the file; it lies in "
                "flash, where a board cannot set it"
            )


def check_operators(subgraphs: tuple[Subgraph, ...], kernels: Mapping[str, Kernel]) -> None:
    """Name all operators that `kernels` cannot run.

    Raises
    ------
    UnsupportedOperatorError
        There are some.
    InvalidModelError
        An operator's shapes or quantization make no sense.
    """
    problems = []
    for subgraph in subgraphs:
        for operator in subgraph.operators:
            if operator.name not in kernels:
                problems.append(f"{operator.label}: the emulator has no such operator")
                continue
            try:
                kernels[operator.name].prepare(operator)
            except UnsupportedOperatorError as error:
                problems.append(str(error))
    if problems:
        raise UnsupportedOperatorError("\n".join(problems))


def _check_calls(subgraphs: tuple[Subgraph, ...]) -> None:
    """Refuse calls of what cannot be called, and calls without end."""
    chains: list[tuple[int, ...]] = [(0,)]
    operators = 0
    for chain in chains:
        for operator in subgraphs[chain[-1]].operators:
            for called in KERNELS[operator.name].calls(operator):
                if not 0 <= called < len(subgraphs):
                    raise operator.invalid(
                        f"Accessing subgraph {called} but only {len(subgraphs)} subgraphs found"
                    )
                if called in chain:
                    raise operator.invalid(f"subgraph {called} calls itself")
                if subgraphs[called].inputs:
                    raise operator.invalid(f"gives no inputs, but subgraph {called} has some")
                chains.append((*chain, called))
                operators += len(subgraphs[called].operators)
                if len(chains) > _MOST_CALLS or operators > _MOST_CALLED_OPERATORS:
                    raise InvalidModelError(
                        f"subgraphs are called more than {_MOST_CALLS} times, or with more than "
                        f"{_MOST_CALLED_OPERATORS} operators in all"
                    )
