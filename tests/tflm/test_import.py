"""Importing the package is quick and pulls in nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = [
    "ai_edge_litert",
    "click",
    "matplotlib",
    "nbgrader",
    "rich",
    "tensorflow",
    "tf_keras",
    "tflite_micro",
]
SCRIPT = """
import sys, time
start = time.process_time()
import {module}
seconds = time.process_time() - start
print(seconds, *(name for name in {heavy} if name in sys.modules))
"""


def import_in_a_new_process(module: str) -> tuple[float, list[str]]:
    """Return the seconds of processor time that it takes, and the heavy modules it loads."""
    script = SCRIPT.format(module=module, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    seconds, *found = done.stdout.split()
    return float(seconds), found


@pytest.mark.parametrize("module", ["qutils", "qutils.tflm"])
def test_import_is_light_and_quick(module):
    runs = [import_in_a_new_process(module) for _ in range(5)]
    assert [found for _, found in runs] == [[]] * 5
    numpy_alone = min(import_in_a_new_process("numpy")[0] for _ in range(5))
    # On a busy machine NumPy alone can take 0.3 s; there, half of its time must do for the rest.
    assert min(seconds for seconds, _ in runs) < max(0.3, 1.5 * numpy_alone)
