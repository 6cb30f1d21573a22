"""The public side holds the book and the learner notebooks, and nothing hidden from learners."""

import json
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from publish import PublishError, check_target, without_instructors

ROOT = Path(__file__).resolve().parent.parent
CANARY = "canary-3f81c2"


def test_instructors_part_leaves_the_table_of_contents():
    public = {"caption": "Course", "chapters": [{"file": "01_fp32_cost"}]}
    private = {"caption": "For instructors", "chapters": [{"file": "instructors/index"}]}
    contents = {"format": "jb-book", "root": "intro", "parts": [public, private]}
    assert without_instructors(contents)["parts"] == [public]


def test_only_empty_folders_and_earlier_sites_are_replaced(tmp_path):
    check_target(tmp_path / "new", ROOT)
    (tmp_path / "notes").mkdir()
    check_target(tmp_path / "notes", ROOT)
    (tmp_path / "notes" / "thesis.txt").write_text("mine")
    with pytest.raises(PublishError, match="no earlier site"):
        check_target(tmp_path / "notes", ROOT)
    (tmp_path / "notes" / ".nojekyll").touch()
    check_target(tmp_path / "notes", ROOT)
    for folder in (ROOT, ROOT.parent):
        with pytest.raises(PublishError, match="holds the project"):
            check_target(folder, ROOT)


def plant_canaries(project: Path) -> int:
    """Write the canary into every hidden test, solution and instructors' page."""
    planted = 0
    for path in project.glob("solutions/*/*.ipynb"):
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            for mark in ("### BEGIN HIDDEN TESTS", "### BEGIN SOLUTION"):
                planted += source.count(mark)
                lines = source.splitlines(keepends=True)
                for number in reversed([n for n, line in enumerate(lines) if mark in line]):
                    indent = lines[number][: -len(lines[number].lstrip())]
                    lines.insert(number + 1, f"{indent}# {CANARY}\n")
                source = "".join(lines)
            cell["source"] = source
        path.write_text(json.dumps(notebook, indent=1))
    for page in project.glob("book/instructors/*.md"):
        page.write_text(page.read_text() + f"\n{CANARY}\n")
        planted += 1
    return planted


def contents_of(path: Path) -> bytes:
    """Return a file's bytes, with those of its members where it is a zip file."""
    data = path.read_bytes()
    if zipfile.is_zipfile(BytesIO(data)):
        with zipfile.ZipFile(BytesIO(data)) as archive:
            data += b"".join(archive.read(name) for name in archive.namelist())
    return data


def test_no_canary_reaches_the_public_side(tmp_path):
    project = tmp_path / "project"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, tracked.split("\0")):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    if (cache := ROOT / "build" / "jupyter-cache").is_dir():
        shutil.copytree(cache, project / "build" / "jupyter-cache")
    assert plant_canaries(project) > 10

    def run(*command: str) -> None:
        subprocess.run([sys.executable, *command], cwd=project, check=True)

    run("tools/exercises.py")
    run("tools/publish.py", "--out", str(tmp_path / "site"))

    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert {"index.html", "01_fp32_cost.ipynb"} <= {path.name for path in files}
    leaks = [path for path in files if CANARY.encode() in contents_of(path)]
    leaks += [path for path in files if "instructors" in path.parts or "solutions" in path.parts]
    assert leaks == []
