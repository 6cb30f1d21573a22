"""What the README shows works as it stands."""

import re
import subprocess
import sys


def test_the_example_runs(repository, tmp_path):
    text = (repository / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    result = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "fits" in result.stdout
    assert re.search(r"^\d+$", result.stdout, re.MULTILINE)


def test_named_files_and_targets_exist(repository):
    text = (repository / "README.md").read_text()
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        assert (repository / target).exists(), target
    makefile = (repository / "Makefile").read_text()
    for target in re.findall(r"\bmake (\w+)", text):
        assert f"\n{target}:" in makefile, target
