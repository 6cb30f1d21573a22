"""Does a model fit a board?  Two questions that must not be mixed up.

*Flash* holds the program and the model, weights included; what does not fit fails when the
program is linked.  *The arena* in SRAM holds activations; what does not fit fails on the
device, in AllocateTensors.  Weights never fill the arena, activations never fill the flash.
"""

from dataclasses import dataclass

from qutils.tflm.arena import ArenaPlan, plan_arena
from qutils.tflm.boards import Board, find_board
from qutils.tflm.model import Model

# "The core runtime just fits in 16 KB on an Arm Cortex M3" (TensorFlow Lite for
# Microcontrollers, overview page).  Kernels and the application come on top: a lower bound.
CODE_BYTES = 16 * 1024

# The same page: written in C++17, it "requires a 32-bit platform".
_WORD_BITS = 32


@dataclass(frozen=True)
class Room:
    """One kind of memory, in bytes.

    Attributes
    ----------
    ok
        Whether `used` is at most `available`.
    used, available
        What the model needs, and what the board has.
    """

    used: int
    available: int

    @property
    def ok(self) -> bool:
        """Whether it fits."""
        return self.used <= self.available

    @property
    def margin(self) -> int:
        """Bytes left over; negative where they are missing."""
        return self.available - self.used


@dataclass(frozen=True)
class Verdict:
    """Whether a model fits a board, and why; true in a condition where it fits.

    Attributes
    ----------
    board
        The board.
    flash
        Model and program against flash.  The program counts with a lower bound.
    arena
        The least arena against SRAM.  Its head is exact, its tail approximate; the rest of the
        program needs SRAM too, so an arena near the limit does not fit in practice.
    reasons
        One sentence for flash, one for the arena, and one for a processor that TFLM does not
        run on.
    """

    board: Board
    flash: Room
    arena: Room
    reasons: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether both fit, on a processor that TFLM runs on."""
        return self.flash.ok and self.arena.ok and self.board.word_bits == _WORD_BITS

    def __bool__(self) -> bool:
        """Return `fits`."""
        return self.fits

    def __str__(self) -> str:
        """Return the verdict in one line, and its reasons below."""
        verdict = "fits" if self.fits else "does not fit"
        return "\n".join([f"The model {verdict} the {self.board.name}.", *self.reasons])


def fits(model: Model, board: str, *, code_bytes: int = CODE_BYTES) -> Verdict:
    """Say whether a model fits a board's flash and its SRAM.

    Parameters
    ----------
    model
        The model.
    board
        Id of a board in `BOARDS`.
    code_bytes
        Bytes of the program without the model.  The default, `CODE_BYTES`, is the published
        size of TFLM's core runtime, without kernels and application: a lower bound.  Give the
        linker's figure where there is one.

    Raises
    ------
    ValueError
        There is no such board, or `code_bytes` is negative.

    Examples
    --------
    >>> from qutils.tflm.example import tiny_model
    >>> verdict = fits(tiny_model(), "nano33ble")
    >>> verdict.fits, verdict.flash.ok, verdict.arena.ok
    (True, True, True)
    >>> print(str(verdict).splitlines()[0])
    The model fits the Arduino Nano 33 BLE Sense.
    """
    if code_bytes < 0:
        raise ValueError(f"code_bytes must not be negative, got {code_bytes}")
    found = find_board(board)
    plan = plan_arena(model)
    flash = Room(model.size_bytes + code_bytes, found.flash_bytes)
    arena = Room(plan.min_arena_bytes, found.sram_bytes)
    reasons = [_flash_reason(model, code_bytes, flash), _arena_reason(plan, arena)]
    if found.word_bits != _WORD_BITS:
        reasons.append(
            f"Processor: TFLite Micro needs {_WORD_BITS} bits, the {found.core} does not run it."
        )
    return Verdict(found, flash, arena, tuple(reasons))


def _flash_reason(model: Model, code_bytes: int, flash: Room) -> str:
    end = (
        f"{flash.margin} bytes are left for kernels, application and libraries."
        if flash.ok
        else f"{-flash.margin} bytes are missing: the program does not link."
    )
    return (
        f"Flash: the model takes {model.size_bytes} bytes and the program at least {code_bytes}, "
        f"{flash.used} of {flash.available}; {end}"
    )


def _arena_reason(plan: ArenaPlan, arena: Room) -> str:
    end = (
        f"{arena.margin} bytes of SRAM are left for stack, heap and the rest of the program."
        if arena.ok
        else f"{-arena.margin} bytes are missing: AllocateTensors fails on the device."
    )
    return (
        f"Arena: activations take {plan.head_bytes} bytes (exact) and the interpreter about "
        f"{plan.tail_bytes}, the least arena is about {arena.used} of {arena.available}; {end}"
    )
