"""Twenty thousand broken models are answered in time, within bounds: see `fuzz_models`."""

import subprocess
import sys
from pathlib import Path

import pytest

MUTATIONS = 2500


@pytest.mark.parametrize("seed", range(8))
def test_broken_models_are_answered(seed):
    script = Path(__file__).with_name("fuzz_models.py")
    numbers = [f"--mutations={MUTATIONS}", f"--seed={seed}", "--processes=1"]
    result = subprocess.run(
        [sys.executable, script, *numbers], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{MUTATIONS}  in all" in result.stdout
