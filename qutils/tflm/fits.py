"""Does a model fit a board?  Three questions that must not be mixed up.

*Flash* holds the program and the model, weights included; what does not fit fails when the
program is linked.  *The arena* in SRAM holds activations; what does not fit fails on the
device, in AllocateTensors.  Weights never fill the arena, activations never fill the flash.
*Operators* are functions of the program: one that the library lacks fails on the device, too,
and one that it has not made faster runs all the same.
"""

from dataclasses import dataclass

from qutils.tflm.arena import ArenaPlan, plan_arena
from qutils.tflm.boards import Board, find_board, look_up
from qutils.tflm.model import Model
from qutils.tflm.timings import LIBRARIES, Library

# "The core runtime just fits in 16 KB on an Arm Cortex M3" (TensorFlow Lite for
# Microcontrollers, overview page).  Kernels and the application come on top: a lower bound.
CODE_BYTES = 16 * 1024

# A whole firmware on an Arm core with all operators linked, less its model of 52,000 bytes:
# .text and .rodata in issue 48073 of tensorflow/tensorflow.  A program with Bluetooth or
# Wi-Fi takes more.  Sizes of single kernels are not published.
CODE_BYTES_HIGH = 164_818 + 124_764 - 52_000

# The overview page again: written in C++17, it "requires a 32-bit platform".
_WORD_BITS = 32


@dataclass(frozen=True)
class Room:
    """One kind of memory, in bytes.

    Attributes
    ----------
    used, available
        What is needed at least, and what the board has.
    used_high
        What may be needed; equal to `used` where that is known.
    """

    used: int
    available: int
    used_high: int

    @property
    def ok(self) -> bool:
        """Whether the least need fits: where it does not, nothing helps."""
        return self.used <= self.available

    @property
    def sure(self) -> bool:
        """Whether even `used_high` fits."""
        return self.used_high <= self.available

    @property
    def margin(self) -> int:
        """Bytes left over by the least need; negative where they are missing."""
        return self.available - self.used

    @property
    def margin_low(self) -> int:
        """Bytes left over by `used_high`."""
        return self.available - self.used_high


@dataclass(frozen=True)
class Verdict:
    """Whether a model fits a board, and why; true in a condition where it may fit.

    Attributes
    ----------
    board
        The board.
    flash
        Model and program against flash.  The program counts with a range.
    arena
        The least arena against the largest array.  Its head is exact, its tail approximate;
        the rest of the program needs SRAM too, so an arena near the limit does not fit in
        practice.
    operators
        The kinds of operators that the model needs, in alphabetical order: what an op resolver
        has to register.
    missing
        Those of them that cannot run: all where TFLM does not run on the processor, else none,
        because a `Model` holds operators of TFLM only.
    reasons
        One sentence for flash, one for the arena, one for the operators, and one for a
        processor that TFLM does not run on.
    """

    board: Board
    flash: Room
    arena: Room
    operators: tuple[str, ...]
    missing: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing excludes it."""
        return self.flash.ok and self.arena.ok and not self.missing

    @property
    def sure(self) -> bool:
        """Whether it fits with the largest program that was counted with, too."""
        return self.fits and self.flash.sure

    def __bool__(self) -> bool:
        """Return `fits`."""
        return self.fits

    def __str__(self) -> str:
        """Return the verdict in one line, and its reasons below."""
        verdict = "fits" if self.sure else "may fit" if self.fits else "does not fit"
        return "\n".join([f"The model {verdict} the {self.board.name}.", *self.reasons])


def fits(
    model: Model, board: str, *, code_bytes: int | None = None, library: str | None = None
) -> Verdict:
    """Say whether a model fits a board's flash and its SRAM, and whether its operators run.

    Parameters
    ----------
    model
        The model.
    board
        Id of a board in `BOARDS`.
    code_bytes
        Bytes of the program without the model: the linker's figure.  Without it, a published
        range counts, from `CODE_BYTES` (TFLM's core runtime) to `CODE_BYTES_HIGH` (a whole
        firmware).
    library
        Id of a library in `LIBRARIES`; with it, the verdict says which operators it makes
        faster.

    Raises
    ------
    ValueError
        There is no such board or library, or `code_bytes` is negative.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> verdict = fits(tiny_model(), "nano33ble")
    >>> verdict.fits, verdict.flash.ok, verdict.arena.ok
    (True, True, True)
    >>> print(str(verdict).splitlines()[0])
    The model fits the Arduino Nano 33 BLE Sense.
    """
    low, high = (CODE_BYTES, CODE_BYTES_HIGH) if code_bytes is None else (code_bytes, code_bytes)
    if low < 0:
        raise ValueError(f"code_bytes must not be negative, got {low}")
    found = find_board(board)
    chosen = None if library is None else look_up(LIBRARIES, "library", library)
    plan = plan_arena(model)
    flash = Room(model.size_bytes + low, found.flash_bytes, model.size_bytes + high)
    arena = Room(plan.min_arena_bytes, found.arena_limit_bytes, plan.min_arena_bytes)
    kinds = tuple(sorted({o.name for graph in model.subgraphs for o in graph.operators}))
    runs = found.word_bits == _WORD_BITS
    reasons = [
        _flash_reason(model, flash),
        _arena_reason(plan, arena),
        _operators_reason(kinds, chosen),
    ]
    if not runs:
        reasons.append(
            f"Processor: TFLite Micro needs {_WORD_BITS} bits, the {found.core} does not run it."
        )
    return Verdict(found, flash, arena, kinds, () if runs else kinds, tuple(reasons))


def _flash_reason(model: Model, flash: Room) -> str:
    low, high = (used - model.size_bytes for used in (flash.used, flash.used_high))
    program = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    if not flash.ok:
        end = f"{-flash.margin:,} bytes are missing: the program does not link"
    elif not flash.sure:
        end = f"with the larger program {-flash.margin_low:,} bytes are missing: it may not link"
    elif low == high:
        end = f"{flash.margin:,} bytes are left"
    else:
        end = f"{flash.margin_low:,} to {flash.margin:,} bytes are left"
    return (
        f"Flash: the model takes {model.size_bytes:,} bytes and the program {program}, of "
        f"{flash.available:,}; {end}."
    )


def _arena_reason(plan: ArenaPlan, arena: Room) -> str:
    end = (
        f"{arena.margin:,} bytes of SRAM are left for stack, heap and the rest of the program."
        if arena.ok
        else f"{-arena.margin:,} bytes are missing: AllocateTensors fails on the device."
    )
    return (
        f"Arena: activations take {plan.head_bytes:,} bytes (exact) and the interpreter "
        f"about {plan.tail_bytes:,}, the least arena is about {arena.used:,} of "
        f"{arena.available:,}; {end}"
    )


def _operators_reason(kinds: tuple[str, ...], library: Library | None) -> str:
    if not kinds:
        return "Operators: the model has none."
    sentence = f"Operators: TFLite Micro has all that the model needs, {', '.join(kinds)}"
    if library is None:
        return f"{sentence}."
    if library.replaces is None:
        return f"{sentence}; what {library.name} runs, its own documentation says."
    slow = [kind for kind in kinds if kind not in library.replaces]
    if not slow:
        return f"{sentence}; {library.name} brings kernels for all of them."
    where = f"in {library.name}, " if library.replaces else ""
    return f"{sentence}; {where}the reference kernels run {', '.join(slow)}."
