"""Attacks by way of what a learner gets to see, and by links: they want hidden tests and inputs."""

import os
from collections.abc import Callable
from pathlib import Path

from attacks.assignment import NAME, POINTS, RIGHT
from attacks.attack import SLEPT_SECONDS, Attack, read

_INPUTS = [
    read(
        "print_inputs",
        "The function prints the hidden inputs.",
        """
def add(a, b):
    leak(f"SECRET-{a}")
    return 3
""",
    ),
    read(
        "inputs_in_exception",
        "The function puts the hidden inputs into the text of an exception.",
        """
def add(a, b):
    if (a, b) == (1, 2):
        return 3
    raise ValueError(f"SECRET-{a}"[::-1])
""",
    ),
    read(
        "inputs_in_exception_type",
        "The function puts the hidden inputs into the name of an exception.",
        """
def add(a, b):
    if (a, b) == (1, 2):
        return 3
    raise type(f"SECRET-{a}"[::-1], (Exception,), {})("no")
""",
    ),
    read(
        "inputs_in_result",
        "The function returns the hidden inputs as its result, in the hope that it is shown.",
        """
def add(a, b):
    if (a, b) == (1, 2):
        return 3
    print(f"SECRET-{a}"[::-1], file=sys.stderr)
    return f"SECRET-{a}"[::-1]
""",
    ),
    read(
        "inputs_in_later_cell",
        "The function keeps the hidden inputs; a later cell prints them.",
        """
seen = []

def add(a, b):
    seen.append(a)
    return 3
""",
        deserved=float(POINTS["test_square"] + POINTS["test_half"]),
        answers=RIGHT | {"double": 'for a in seen:\n    print(f"SECRET-{a}"[::-1])'},
    ),
    read(
        "inputs_printed_by_thread",
        "The function keeps the hidden inputs; a thread prints them while later cells run.",
        """
import threading, time
seen = []

def watch():
    for _ in range(200):
        time.sleep(0.01)
        for a in seen:
            os.write(1, f"SECRET-{a}"[::-1].encode())
            print(f"SECRET-{a}"[::-1])

threading.Thread(target=watch, daemon=True).start()

def add(a, b):
    seen.append(a)
    return 3
""",
        deserved=float(POINTS["test_square"] + POINTS["test_half"]),
        answers=RIGHT | {"double": "import time\ntime.sleep(0.3)"},
    ),
    read(
        "inputs_printed_at_exit",
        "The function keeps the hidden inputs; they are printed when the interpreter ends.",
        """
import atexit
seen = []

def add(a, b):
    seen.append(a)
    return 3

@atexit.register
def afterwards():
    for a in seen:
        leak(f"SECRET-{a}")
""",
    ),
]


def _link(target: str, name: str) -> Callable[[Path], None]:
    def place(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.symlink(target, folder / name)

    return place


_SHOWN = [
    read(
        "inputs_by_time",
        "The function sleeps where a hidden input is large; time stamps of the notebook show it.",
        f"""
import time

def add(a, b):
    time.sleep({SLEPT_SECONDS} if a > 1000 else 0)
    return 3
""",
        by_time=True,
    ),
    Attack(
        "tests_in_feedback",
        "No attack: the learner reads their own feedback, in which hidden tests may stand.",
        "secret",
        in_feedback=True,
    ),
]

_LINKS = [
    Attack(
        "symlink_as_notebook",
        "The notebook that is handed in is a symbolic link to the instructor's.",
        "points",
        place=_link(f"/tmp/class/source/{NAME}/{NAME}.ipynb", f"{NAME}.ipynb"),
    ),
    read(
        "symlink_beside_notebook",
        "A file handed in beside the notebook is a symbolic link to the instructor's.",
        'leak(open("data.txt").read())',
        place=_link(f"/tmp/class/source/{NAME}/{NAME}.ipynb", "data.txt"),
    ),
]

ATTACKS = [*_INPUTS, *_SHOWN, *_LINKS]
