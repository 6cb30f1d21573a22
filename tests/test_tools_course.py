"""`make course` writes the learner notebooks anew and loses nobody's work."""

import pytest

import course


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose solutions generate one notebook, with the text "released"."""

    def generate(out, root):
        (out / "one").mkdir(parents=True, exist_ok=True)
        (out / "one" / "one.ipynb").write_text("released")

    monkeypatch.setattr(course, "generate", generate)
    return tmp_path


def test_missing_notebooks_are_written_once(project):
    assert course.update_exercises(project) == ["one/one.ipynb"]
    assert (project / "exercises/one/one.ipynb").read_text() == "released"
    assert course.update_exercises(project) == []
    assert not (project / "build" / "replaced").exists()


def test_a_notebook_with_somebodys_answers_is_kept(project):
    course.update_exercises(project)
    (project / "exercises/one/one.ipynb").write_text("my answers")
    (project / "exercises/one/notes.txt").write_text("my notes")
    assert course.update_exercises(project) == ["one/one.ipynb"]
    assert (project / "exercises/one/one.ipynb").read_text() == "released"
    assert (project / "exercises/one/notes.txt").read_text() == "my notes"
    (kept,) = (project / "build" / "replaced").glob("*/one/one.ipynb")
    assert kept.read_text() == "my answers"
