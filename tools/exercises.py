"""Generate the learner notebooks in ``exercises/`` from ``solutions/``, or check that they are.

nbgrader takes solutions and hidden tests out. Without a database its output depends on the
notebooks alone, so that two runs give the same bytes.
"""

import argparse
import filecmp
import os
import shutil
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from traitlets.config import Config, PyFileConfigLoader

ROOT = Path(__file__).resolve().parent.parent


class ExercisesError(Exception):
    """Why no learner notebooks could be generated; the message holds nbgrader's log."""


def assignments(root: Path = ROOT) -> list[str]:
    """Return the names of the assignments: the folders of ``solutions/``, sorted."""
    folders = (path.name for path in (root / "solutions").iterdir() if path.is_dir())
    return sorted(name for name in folders if not name.startswith("."))


def course_config(root: Path = ROOT, class_folder: Path | None = None) -> Config:
    """Return the settings in ``nbgrader_config.py``, as nbgrader itself would read them.

    ``class_folder`` is where the class lives, if not where these settings put it.
    """
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(root))
    if class_folder is None:
        return loader.load_config()
    with patch.dict(os.environ, COURSE_CLASS_DIR=str(class_folder)):
        return loader.load_config()


def generate(out: Path, root: Path = ROOT) -> None:
    """Write the learner version of every assignment below the folder ``out``.

    What ``out`` held before is replaced once everything is generated.

    Raises
    ------
    ExercisesError
        When nbgrader refuses a notebook.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        stage = Path(folder) / out.name
        for name in assignments(root):
            generate_one(name, stage, root)
        if out.exists():
            shutil.rmtree(out)
        stage.rename(out)


def generate_one(name: str, out: Path, root: Path = ROOT) -> Path:
    """Write the learner version of an assignment below the folder ``out``; return the notebook.

    Raises
    ------
    ExercisesError
        When nbgrader refuses it.
    """
    # Imported here because it takes seconds: nbgrader loads Jupyter's servers.
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log

    config = course_config(root)
    # What nbgrader's option --no-db sets.
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    course = CourseDirectory(config=config, assignment_id=name, release_directory=str(out))
    result = capture_log(GenerateAssignment(coursedir=course, config=config))
    if not result["success"] or not (out / name).is_dir():
        last = "\n".join(result.get("log", "").strip().splitlines()[-5:])
        raise ExercisesError(f"nbgrader could not generate {name}:\n{last}")
    return out / name / f"{name}.ipynb"


def differences(left: Path, right: Path) -> list[str]:
    """Return the relative paths of files that are not the same in two folders, sorted.

    A folder that is missing counts as empty. Jupyter's checkpoints are left out.
    """

    def files(folder: Path) -> set[Path]:
        found = (path for path in folder.rglob("*") if path.is_file())
        return {p.relative_to(folder) for p in found if ".ipynb_checkpoints" not in p.parts}

    def differ(name: Path) -> bool:
        a, b = left / name, right / name
        return not (a.is_file() and b.is_file() and filecmp.cmp(a, b, shallow=False))

    return sorted(str(name) for name in files(left) | files(right) if differ(name))


def check(root: Path = ROOT) -> list[str]:
    """Return the files of ``exercises/`` that differ from a fresh generation."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "exercises"
        generate(fresh, root)
        return differences(root / "exercises", fresh)


def main() -> int:
    """Generate or check; return the exit code."""
    parser = argparse.ArgumentParser(description="Generate exercises/ from solutions/.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 if different")
    arguments = parser.parse_args()
    console = Console(stderr=True)
    try:
        if not arguments.check:
            generate(ROOT / "exercises")
            return 0
        stale = check()
    except ExercisesError as error:
        console.print(str(error), markup=False)
        return 1
    for name in stale:
        console.print(f"exercises{os.sep}{name} is not what solutions{os.sep} generates")
    if stale:
        console.print("Run: .venv/bin/python tools/exercises.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
