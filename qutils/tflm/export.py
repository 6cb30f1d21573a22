"""A program for a board around a model, which checks itself there against the emulator.

The C++ stands as templates in ``qutils/assets/export``: ``core`` is the same for every target,
the other folders are what an Arduino sketch, an ESP-IDF project or a plain program adds.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qutils.errors import ExportError
from qutils.tflm.arena import plan_arena
from qutils.tflm.boards import find_board
from qutils.tflm.fits import fits
from qutils.tflm.graph import DTYPES, Tensor
from qutils.tflm.interpreter import Interpreter
from qutils.tflm.model import Model

# Target -> folder of the C++ sources in the project; NAME stands for the project's name.
TARGETS = {"arduino": "NAME", "esp-idf": "main", "c-array": "."}

# Element type of an input or output -> C++ type and number in TFLM's enum TfLiteType.
_C_TYPES = {
    "FLOAT32": ("float", 1),
    "INT32": ("std::int32_t", 2),
    "UINT8": ("std::uint8_t", 3),
    "BOOL": ("bool", 6),
    "INT16": ("std::int16_t", 7),
    "INT8": ("std::int8_t", 9),
}

# Golden values take at most about this many bytes of flash, in 2 to 6 runs.
_GOLDEN_BYTES = 32 * 1024


def export(
    model: Model, target: str, out: Path, *, name: str, board: str | None = None, seed: int = 0
) -> list[Path]:
    """Write a program that runs a model with TFLM on a board and first checks itself there.

    Parameters
    ----------
    model
        The model.
    target
        "arduino": a sketch. "esp-idf": a project for ESP32 boards. "c-array": C++ sources.
    out
        Folder to make; it must not exist yet, and appears only when it is complete.
    name
        What the project is called, such as the model's file name; it becomes an identifier.
    board
        Id of a board in `BOARDS` that the model must fit; None for any.
    seed
        Of the random golden inputs.

    Returns
    -------
    list of Path
        The files, sorted.

    Raises
    ------
    ExportError
        An unknown target, a board that the model or the target does not fit, an input or output
        that a program cannot hold, a folder that exists or cannot be written.
    ValueError
        An unknown board.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from qutils.tflm.example import tiny_model
    >>> with TemporaryDirectory() as folder:
    ...     out = Path(folder, "project")
    ...     files = export(tiny_model(), "c-array", out, name="tiny")
    ...     print(*(file.name for file in files))
    README.md golden.cpp golden.h main.cpp model.cpp model.h network.cpp network.h
    """
    if target not in TARGETS:
        near = get_close_matches(target.lower(), TARGETS, n=1, cutoff=0.4) or list(TARGETS)
        raise ExportError(f"no target {target!r}; did you mean {' or '.join(near)}?")
    out = Path(out)
    if os.path.lexists(out):
        raise ExportError(f"{out} exists already: choose a folder that does not, or remove it")
    if not out.parent.is_dir():
        raise ExportError(f"there is no folder {out.parent} to make {out.name} in")
    _check_board(model, target, board)
    for tensor in (*model.main.inputs, *model.main.outputs):
        if tensor.type not in _C_TYPES or tensor.size == 0 or tensor.data is not None:
            raise ExportError(
                f"{tensor.label} is {tensor.type} of shape {list(tensor.shape)}: a program can "
                f"hold inputs and outputs of {', '.join(_C_TYPES)} that are neither empty nor "
                "constants of the file"
            )
    return _write(dict(_project(model, target, name, board, seed)), out)


def identifier(name: str) -> str:
    """Return a name as a C identifier of at most 40 letters, digits and underscores.

    Examples
    --------
    >>> identifier("kws int8 (v2)"), identifier("8bit-net"), identifier("模型")
    ('kws_int8_v2', 'net_8bit_net', 'net')
    """
    word = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")[:40].rstrip("_")
    return word if word[:1].isalpha() else f"net_{word}".rstrip("_")


def resolver_method(operator: str) -> str:
    """Return the function of MicroMutableOpResolver that links an operator's kernel.

    TFLM: ``micro/micro_mutable_op_resolver.h``.

    Examples
    --------
    >>> resolver_method("DEPTHWISE_CONV_2D"), resolver_method("RELU6")
    ('AddDepthwiseConv2D', 'AddRelu6')
    """
    irregular = {"PADV2": "AddPadV2"}
    return irregular.get(operator, "Add" + operator.title().replace("_", ""))


def _check_board(model: Model, target: str, board: str | None) -> None:
    if board is None:
        return
    found = find_board(board)
    if target == "esp-idf" and not found.id.startswith("esp32"):
        raise ExportError(
            f"ESP-IDF is for boards with an ESP32, the {found.name} has none: choose the target "
            "arduino or c-array"
        )
    if not fits(model, board):
        raise ExportError(
            f"the model does not fit the {found.name}: `qutils inspect MODEL --board {board}` says "
            "why; without a board it is exported all the same"
        )


def _write(files: dict[PurePosixPath, str], out: Path) -> list[Path]:
    """Write beside `out` and rename at the end, so that nothing half-written is ever seen."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
            project = Path(temporary, "project")
            for path, text in files.items():
                (project / path).parent.mkdir(parents=True, exist_ok=True)
                (project / path).write_text(text, encoding="utf-8", newline="\n")
            project.rename(out)
    except OSError as error:
        raise ExportError(f"cannot write {out}: {error.strerror or error}") from error
    return sorted(out / path for path in files)


def _project(
    model: Model, target: str, name: str, board: str | None, seed: int
) -> Iterator[tuple[PurePosixPath, str]]:
    """Return path and text of every file."""
    templates = resources.files("qutils").joinpath("assets", "export")
    word = identifier(name)
    values: dict[str, Any] = {
        "name": word,
        "namespace": f"{word}_model",
        "title": _plain(name) or word,
        "seed": seed,
        "library_include": "",
        "idf_target": board or "esp32s3",
        "main_file": f"`{word}.ino`" if target == "arduino" else "`main.cpp`",
        "board_lines": _board_lines(model, board) if board else "",
        **_model_values(model),
        **_arena_values(model),
        **_golden_values(model, seed),
    }
    if target == "arduino":
        # The Arduino builder finds a library by the header that it is named after.
        values["library_include"] = "#include <Chirale_TensorFlowLite.h>\n\n"
    about = templates.joinpath("about.md").read_text(encoding="utf-8")
    texts = {f"{key}_text": f"{value:,}" for key, value in values.items() if type(value) is int}
    values["about"] = Template(about).substitute(values, **texts).rstrip()
    core = PurePosixPath(TARGETS[target])
    for folder, base in ((target, PurePosixPath()), ("core", core)):
        for path, text in _templates(templates.joinpath(folder), base):
            renamed = PurePosixPath(str(path).replace("NAME", word))
            yield renamed, Template(text).substitute(values)


def _board_lines(model: Model, board: str) -> str:
    return "".join(f"- {line}\n" for line in str(fits(model, board)).splitlines())


def _templates(folder: Traversable, base: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, base / entry.name)
        else:
            yield base / entry.name, entry.read_text(encoding="utf-8")


def _model_values(model: Model) -> dict[str, Any]:
    names = [operator.name for graph in model.subgraphs for operator in graph.operators]
    methods = sorted({resolver_method(name) for name in names})
    inputs, outputs = range(len(model.main.inputs)), range(len(model.main.outputs))
    return {
        "model_bytes": model.size_bytes,
        "sha256": hashlib.sha256(model.content).hexdigest(),
        "model_array": _rows(f"0x{byte:02x}" for byte in model.content),
        "tensors": "".join(_tensor_struct(word, tensor) for word, tensor in _numbered(model)),
        "operator_count": max(1, len(methods)),
        "add_operators": "".join(f"  resolver.{method}();\n" for method in methods),
        "interpreter": _interpreter(len(model.variables)),
        "match_tensors": "".join(
            f'  matches = Matches<{kind}put{i}>("{kind.lower()}put ", {i}, '
            f"interpreter->{kind.lower()}put({i})) && matches;\n"
            for kind, numbers in (("In", inputs), ("Out", outputs))
            for i in numbers
        ),
        "copy_inputs": "".join(
            f"    std::memcpy(Input({i}), kGoldenInput{i}[run], sizeof kGoldenInput{i}[run]);\n"
            for i in inputs
        ),
        "compare_outputs": "".join(
            f"    Compare<Output{i}>(run, {i}, kGoldenOutput{i}[run], &comparison);\n"
            for i in outputs
        ),
        "fill_inputs": "".join(f"  Fill<Input{i}>({i}, 0.0F);\n" for i in inputs),
        "print_outputs": "".join(f"  PrintOutput<Output{i}>({i});\n" for i in outputs),
    }


def _numbered(model: Model) -> Iterator[tuple[str, Tensor]]:
    """Return "Input0" and its tensor, and so on."""
    for kind, tensors in (("Input", model.main.inputs), ("Output", model.main.outputs)):
        yield from ((f"{kind}{i}", tensor) for i, tensor in enumerate(tensors))


def _interpreter(variables: int) -> str:
    if not variables:
        return (
            "  static MicroInterpreter built(GetModel(kModel), resolver, arena, kTensorArenaSize);"
        )
    return f"""\
  // Variables keep the network's state between one run and the next.
  MicroAllocator* allocator = MicroAllocator::Create(arena, kTensorArenaSize);
  static MicroInterpreter built(GetModel(kModel), resolver, allocator,
                                MicroResourceVariables::Create(allocator, {variables}));"""


def _arena_values(model: Model) -> dict[str, int]:
    plan = plan_arena(model)
    margin = max(2048, plan.min_arena_bytes // 4)
    arena = -(-(plan.min_arena_bytes + margin) // 16) * 16
    return {
        "head_bytes": plan.head_bytes,
        "tail_bytes": plan.tail_bytes,
        "least_bytes": plan.min_arena_bytes,
        "margin_bytes": arena - plan.min_arena_bytes,
        "arena_bytes": arena,
    }


def _tensor_struct(word: str, tensor: Tensor) -> str:
    quantization = tensor.quantization
    scale, zero_point, quantized = np.float32(1), 0, "false"
    if quantization and len(quantization.scale) == 1 and tensor.type != "FLOAT32":
        scale, zero_point = quantization.scale[0], int(quantization.zero_point[0])
        quantized = "true"
    c_type, number = _C_TYPES[tensor.type]
    shape = " x ".join(str(n) for n in tensor.shape) or "scalar"
    return f"""
// {word}: "{_plain(tensor.name)}", {tensor.type}, {shape}.
struct {word} {{
  using Type = {c_type};
  static constexpr int kTfLiteType = {number};
  static constexpr std::size_t kSize = {tensor.size};
  static constexpr bool kQuantized = {quantized};
  static constexpr float kScale = {_literal(scale)};
  static constexpr int kZeroPoint = {zero_point};
}};
"""


def _golden_values(model: Model, seed: int) -> dict[str, Any]:
    runs = golden_runs(model, seed)
    declarations, arrays = [], []
    for number, (word, _) in enumerate(_numbered(model)):
        declaration = f"extern const {word}::Type kGolden{word}[kGoldenRuns][{word}::kSize];\n"
        declarations.append(declaration)
        values = "".join(
            f"{{\n{_rows(_literal(value) for value in run[number].flat)}}},\n" for run in runs
        )
        arrays.append(f"{declaration.removeprefix('extern ')[:-2]} = {{\n{values}}};\n")
    return {
        "runs": len(runs),
        "golden_declarations": "".join(declarations),
        "golden_arrays": "\n".join(arrays),
        "golden_bytes": sum(array.nbytes for run in runs for array in run),
        "golden_elements": len(runs) * sum(t.size for t in model.main.outputs),
    }


def golden_runs(model: Model, seed: int) -> list[list[NDArray[Any]]]:
    """Return all inputs and then all outputs of some runs that follow each other.

    Inputs are random over the whole range, then random near 0, then 0, the lowest and the
    highest value, and random again; fewer where they are large.
    """
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(seed)
    inputs, outputs = model.main.inputs, model.main.outputs
    size = sum(tensor.size_bytes for tensor in (*inputs, *outputs))
    runs: list[list[NDArray[Any]]] = []
    for kind in ("whole", "near", "zero", "lowest", "highest", "whole"):
        if len(runs) >= max(2, _GOLDEN_BYTES // max(1, size)):
            break
        arrays = [_draw(tensor, kind, rng) for tensor in inputs]
        for tensor, array in zip(inputs, arrays, strict=True):
            interpreter.set_tensor(tensor.index, array)
        interpreter.invoke()
        runs.append(arrays + [interpreter.get_tensor(tensor.index) for tensor in outputs])
    return runs


def _draw(tensor: Tensor, kind: str, rng: np.random.Generator) -> NDArray[Any]:
    dtype = DTYPES[tensor.type]
    low, high = {"f": (-1, 1), "b": (0, 1)}.get(dtype.kind, (-100, 100))
    if dtype.kind in "iu" and dtype.itemsize < 4:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    zero = int(tensor.quantization.zero_point[0]) if tensor.quantization else 0
    values = rng.uniform(low, high, tensor.shape)
    if kind == "near":
        values = zero + (values - zero) / 16
    elif kind != "whole":
        values = np.full(tensor.shape, {"zero": zero, "lowest": low, "highest": high}[kind], float)
    return (values if dtype.kind == "f" else np.rint(values)).astype(dtype)


def _rows(literals: Iterable[str]) -> str:
    """Return C++ literals, several to a line."""
    words = [f"{literal}," for literal in literals]
    return "".join(f"  {' '.join(words[i : i + 12])}\n" for i in range(0, len(words), 12))


def _literal(value: Any) -> str:
    """Return a number of NumPy as a C++ literal with the same bits."""
    if isinstance(value, np.bool_):
        return "true" if value else "false"
    if not isinstance(value, np.floating):
        return "INT32_MIN" if value == -(1 << 31) else str(value)
    if not np.isfinite(value):
        return "NAN" if np.isnan(value) else f"{'-' if value < 0 else ''}INFINITY"
    digits = f"{float(value):.9g}"
    return f"{digits}{'' if set(digits) & set('.e') else '.0'}F"


def _plain(text: str) -> str:
    """Return text that cannot end a comment or break a table."""
    return re.sub(r"[^ -~]|[\\|`*$]", "_", text)[:60]
