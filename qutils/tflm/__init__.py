"""A TFLite Micro emulator: what a .tflite model computes on a microcontroller, and what it needs.

Needs NumPy and the FlatBuffers library alone.
"""

from qutils.tflm.arena import Allocation, ArenaPlan, plan_arena
from qutils.tflm.boards import BOARDS, Board
from qutils.tflm.fits import Room, Verdict, fits
from qutils.tflm.interpreter import Interpreter
from qutils.tflm.model import Model

__all__ = [
    "BOARDS",
    "Allocation",
    "ArenaPlan",
    "Board",
    "Interpreter",
    "Model",
    "Room",
    "Verdict",
    "fits",
    "plan_arena",
]
