"""The command ``qutils``: what an engineer asks about a model, and what grades a class.

Exit codes: 0; 1 where a model does not fit the board that was named, or a class is not graded; 2
for wrong use, files and data; 130 after Ctrl-C.
"""

import io
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console, RenderableType

from qutils import files
from qutils.errors import QutilsError
from qutils.grading.commands import doctor, grade
from qutils.tflm.report import compare, make_report
from qutils.tflm.report.tables import printable
from qutils.tflm.report.terminal import boards_text, comparison_text, report_text
from qutils.tflm.report.trace import params_of, run, to_inputs, to_real

_MODEL = click.argument("model")
_BOARD = click.option("--board", metavar="ID", help="A board; `qutils boards` lists them.")
_FORCE = click.option("--force", is_flag=True, help="Replace a file that exists.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(package_name="qutils")
@click.pass_context
def commands(context: click.Context) -> None:
    """Look at a .tflite model as TFLite Micro runs it; grade a class."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@commands.command()
@_MODEL
@_BOARD
@click.option("--library", metavar="ID", help="Kernel library: adds time and energy.")
@click.option("--float", "reference", metavar="MODEL", help="The float32 model it was made from.")
@click.option("--data", metavar="X.npy", help="Real inputs (N, ...) to compare the two with.")
@click.option("--html", metavar="FILE", help="Write the report with pictures as one HTML file.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@_FORCE
def inspect(
    model: str,
    board: str | None,
    library: str | None,
    reference: str | None,
    data: str | None,
    html: str | None,
    as_json: bool,
    force: bool,
) -> int:
    """Say whether a model fits, and what it does.

    The exit code is 1 where it does not fit the board.
    """
    report = make_report(
        files.read_model(model),
        Path(model).name,
        board=board,
        library=library,
        reference=None if reference is None else files.read_model(reference),
        data=_array(data),
    )
    if html is not None:
        from qutils.tflm.report.page import page

        files.write(html, page(report).encode(), force)
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        _show(report_text(report, _console().width))
    if html is not None:
        _note(f"The report with pictures: {html}")
    return 1 if board is not None and not report.verdicts[0] else 0


@commands.command(name="compare")
@click.argument("first")
@click.argument("second")
@click.option("--data", metavar="X.npy", help="Real inputs (N, ...): compares the outputs too.")
def compare_models(first: str, second: str, data: str | None) -> None:
    """Put two models side by side.

    Compares bytes, arena, MACs and operators, and with --data the outputs.
    """
    models = files.read_model(first), files.read_model(second)
    names = Path(first).name, Path(second).name
    _show(comparison_text(compare(models, names, _array(data))))


@commands.command(name="run")
@_MODEL
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT.npy...")
@click.option("--out", metavar="FILE", help="Write the output: .npy, or .npz for several.")
@_FORCE
def run_model(model: str, inputs: tuple[str, ...], out: str | None, force: bool) -> None:
    """Run a model on arrays, one for each input.

    Real numbers in give real numbers out: they are quantized as the model asks for, and its
    outputs are dequantized. Integers in give the model's integers out.
    """
    found = files.read_model(model)
    arrays = [files.read_array(path) for path in inputs]
    outputs, targets = run(found, to_inputs(found, arrays)), found.main.outputs
    as_real = all(array.dtype.kind == "f" for array in arrays)
    if as_real:
        outputs = [to_real(t, values) for t, values in zip(targets, outputs, strict=True)]
    if out is not None:
        files.write_arrays(out, outputs, force)
        _note(f"The outputs: {out}")
    else:
        for tensor, values in zip(targets, outputs, strict=True):
            click.echo(f"{printable(tensor.name)} {values.dtype} {values.shape}")
            click.echo(np.array2string(values, max_line_width=80, suppress_small=True))
    for tensor in (*found.main.inputs, *targets) if as_real else ():
        if params := params_of(tensor):
            _note(
                f"{printable(tensor.name)}: {tensor.type}, scale {params.scale:.6g}, zero point "
                f"{params.zero_point}, as real numbers"
            )


@commands.command()
def boards() -> None:
    """List boards, sources and published times."""
    _show(boards_text())


@commands.command()
@_MODEL
@click.option("--target", required=True, metavar="arduino|esp-idf|c-array")
@click.option("--out", required=True, metavar="FOLDER", help="A folder that does not exist yet.")
@_BOARD
def export(model: str, target: str, out: str, board: str | None) -> None:
    """Write a project for a device.

    The program checks itself there and prints PASS.
    """
    from qutils.tflm.export import export as export_model

    for path in export_model(
        files.read_model(model), target, Path(out), name=Path(model).stem, board=board
    ):
        click.echo(path)


commands.add_command(grade)
commands.add_command(doctor)


def _array(path: str | None) -> NDArray[Any] | None:
    return None if path is None else files.read_array(path)


def _console() -> Console:
    colors: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(highlight=False, markup=False, emoji=False, color_system=colors)


def _show(parts: Iterable[RenderableType]) -> None:
    console = _console()
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    click.echo(re.sub(r" +$", "", capture.get(), flags=re.MULTILINE), nl=False)


def _note(text: str) -> None:
    click.echo(text, err=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code; every error is a sentence."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names in a file may not be in its encoding
        sys.stdout.reconfigure(errors="replace")
    try:
        with commands.make_context("qutils", sys.argv[1:] if arguments is None else arguments) as c:
            code = commands.invoke(c) or 0
        print(end="", flush=True)
        return code
    except click.exceptions.Exit as done:
        return done.exit_code
    except KeyboardInterrupt:
        _note("qutils: stopped")
        return 130
    except BrokenPipeError:
        # Who reads has seen enough; Python's last flush must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" See `{context.command_path} --help`." if context else ""
        _note(f"qutils: {error.format_message()}{hint}")
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        _note(f"qutils: this needs {package}: pip install {package}")
    except (QutilsError, ValueError, OSError, MemoryError) as error:
        words = getattr(error, "strerror", None) or str(error) or "there is not enough memory"
        _note(f"qutils: {printable(words)}")
    return 2


if __name__ == "__main__":
    sys.exit(main())
