"""A page is executed again when it, or what it uses, has changed; and only then."""

from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from execution_cache import forget_changed_pages, page_keys

CELL = "```{code-cell} ipython3\n%s\n```\n"


@pytest.fixture
def project(tmp_path):
    """Three pages and their helper; ``outer`` imports ``inner``, ``alone`` imports nothing."""
    files = {
        "requirements.txt": "numpy==2.0",
        "qutils/__init__.py": "",
        "qutils/inner.py": "ONE = 1",
        "qutils/outer.py": "from qutils.inner import ONE",
        "qutils/alone.py": "TWO = 2",
        "qutils/drawing.py": "THREE = 3",
        "book/page_tools.py": "import qutils.drawing\nRECORDED = 'results.csv'",
        "book/_ext/role.py": "import qutils.alone",
        "qutils/assets/weights.npz": "weights",
        "book/uses_outer.md": CELL % "from qutils.outer import ONE",
        "book/uses_alone.md": CELL % "from qutils import alone\nopen('seen.json')",
        "book/prose.md": "It speaks of outer and alone, and runs nothing.",
        "book/results.csv": "net,accuracy",
        "book/seen.json": "{}",
        "book/unseen.csv": "a table that Sphinx sets",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("edited", "pages"),
    [
        ("qutils/inner.py", {"uses_outer.md"}),
        ("qutils/outer.py", {"uses_outer.md"}),
        ("qutils/alone.py", {"uses_alone.md"}),
        ("qutils/drawing.py", {"uses_outer.md", "uses_alone.md", "prose.md"}),
        ("book/_ext/role.py", set()),
        ("qutils/__init__.py", {"uses_outer.md", "uses_alone.md", "prose.md"}),
        ("qutils/assets/weights.npz", {"uses_outer.md", "uses_alone.md", "prose.md"}),
        ("book/results.csv", {"uses_outer.md", "uses_alone.md", "prose.md"}),
        ("book/seen.json", {"uses_alone.md"}),
        ("book/unseen.csv", set()),
        ("requirements.txt", {"uses_outer.md", "uses_alone.md", "prose.md"}),
    ],
)
def test_an_edit_changes_the_keys_of_the_pages_that_use_it(project, edited, pages):
    before = page_keys(project)
    with (project / edited).open("a") as file:
        file.write("\n# edited")
    after = page_keys(project)
    assert {page for page in after if after[page] != before[page]} == pages


def test_changed_pages_lose_their_cached_results_and_others_keep_them(project):
    folder = project / "build" / "cache"
    forget_changed_pages(project, folder)
    cache = get_cache(str(folder))
    for page in ("uses_outer.md", "uses_alone.md"):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(page)])
        bundle = CacheBundleIn(notebook, str(project / "book" / page))
        cache.cache_notebook_bundle(bundle, check_validity=False)
    assert forget_changed_pages(project, folder) == []
    assert len(cache.list_cache_records()) == 2
    (project / "qutils/inner.py").write_text("ONE = 1.0")
    assert forget_changed_pages(project, folder) == ["uses_outer.md"]
    assert [Path(record.uri).name for record in cache.list_cache_records()] == ["uses_alone.md"]
