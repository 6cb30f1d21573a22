"""What Sphinx knows of each chapter: its objectives, what tests them, how long it takes to read.

Directives fill one `Page` per document; it is forgotten when the document is read anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


@dataclass(frozen=True)
class Task:
    """A question or an assignment: how it is called, where it stands, which objectives it tests."""

    label: str
    anchor: str
    objectives: tuple[str, ...]


@dataclass
class Page:
    """What one document promises, and how it keeps it."""

    objectives: dict[str, str] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    questions: int = 0
    figures: int = 0
    minutes: int = 0

    def testing(self, objective: str) -> list[Task]:
        """Return the tasks that test an objective."""
        return [task for task in self.tasks if objective in task.objectives]

    def problems(self) -> Iterator[str]:
        """Yield every objective that nothing tests, and every test of an unknown objective.

        Examples
        --------
        >>> page = Page({"clip": "clip a value"}, [Task("Question 1", "q", ("round",))])
        >>> list(page.problems())
        ["nothing tests objective 'clip'", "Question 1 tests 'round', which is no objective here"]
        """
        for name in self.objectives:
            if not self.testing(name):
                yield f"nothing tests objective '{name}'"
        for task in self.tasks:
            for name in task.objectives:
                if name not in self.objectives:
                    yield f"{task.label} tests '{name}', which is no objective here"


def page_of(env: BuildEnvironment) -> Page:
    """Return what is known of the document being read."""
    return env.course_pages.setdefault(env.docname, Page())


def chapters(env: BuildEnvironment) -> dict[str, Page]:
    """Return the documents that state objectives, by name, in the order of their numbers."""
    pages = env.course_pages
    return {name: pages[name] for name in sorted(pages) if pages[name].objectives}


def begin(_app: Sphinx, env: BuildEnvironment, _docnames: list[str]) -> None:
    """Give the environment its pages before any is read."""
    env.course_pages = getattr(env, "course_pages", {})


def forget(_app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop a page before it is read anew or when it is gone."""
    getattr(env, "course_pages", {}).pop(docname, None)


def setup(app: Sphinx) -> dict[str, bool]:
    """Keep the pages in step with the documents."""
    app.connect("env-before-read-docs", begin)
    app.connect("env-purge-doc", forget)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
