"""A TFLite Micro emulator: what a .tflite model computes on a microcontroller, and what it needs.

Needs NumPy alone.
"""

from qutils.tflm.arena import Allocation, ArenaPlan, plan_arena
from qutils.tflm.boards import BOARDS, Board
from qutils.tflm.cost import Estimate, estimate, macs
from qutils.tflm.fits import Room, Verdict, fits
from qutils.tflm.interpreter import Interpreter
from qutils.tflm.model import Model
from qutils.tflm.timings import LIBRARIES

__all__ = [
    "BOARDS",
    "LIBRARIES",
    "Allocation",
    "ArenaPlan",
    "Board",
    "Estimate",
    "Interpreter",
    "Model",
    "Room",
    "Verdict",
    "estimate",
    "fits",
    "macs",
    "plan_arena",
]
