"""A class drawn by lot: right, wrong and broken hand-ins, whose scores are known beforehand."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from answers import HandIn, Learner, hand_in, question_points, reference, variants, wrong_answers

Damage = Callable[[bytes], bytes]
RIGHT_SHARES = (1.0, 0.8, 0.5, 0.2, 0.0)
# Cells that spoil their own question and no other.
BROKEN = {
    "left as it was": None,
    "emptied": "",
    "no Python": "def f(x:\n    return",
    "an error at once": "raise ValueError('I gave up')",
    "an undefined name": "undefined_name + 1",
    "the end of Python": "import os\n\nos._exit(1)",
}
ENDS_PYTHON = "the end of Python"


@dataclass(frozen=True)
class Damaged(Learner):
    """A learner whose notebook file is changed after it was saved."""

    damage: Damage

    def submit(self, released: Path, folder: Path) -> None:
        """Write the hand-in and damage it."""
        path = hand_in(released, self.hand_in, folder)
        path.write_bytes(self.damage(path.read_bytes()))


def _edited(edit: Callable[[list[dict]], list[dict]]) -> Damage:
    def damage(content: bytes) -> bytes:
        notebook = json.loads(content)
        return json.dumps(notebook | {"cells": edit(notebook["cells"])}).encode()

    return damage


def _about(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


def _code(source: str) -> dict:
    return {
        "cell_type": "code",
        "execution_count": 3,
        "id": "my-own",
        "metadata": {},
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "all tests passed\n" * 99}],
        "source": source,
    }


def _generous(cell: dict) -> dict:
    """Return a test that always passes and is worth more; other cells as they are."""
    if not _about(cell).get("points"):
        return cell
    about = _about(cell) | {"points": 1000}
    return cell | {"source": "pass", "metadata": {"nbgrader": about}}


# What happens to files, and whether the answers in them still count.
DAMAGES: dict[str, tuple[Damage, bool]] = {
    "half a file": (lambda content: content[: len(content) // 2], False),
    "an empty file": (lambda content: b"", False),
    "another file": (lambda content: b"\x89PNG\r\n" + content[:1000], False),
    "no cells": (_edited(lambda cells: []), False),
    "tests deleted": (
        _edited(lambda cells: [c for c in cells if not _about(c).get("grade")]),
        True,
    ),
    "tests made easy": (_edited(lambda cells: [_generous(cell) for cell in cells]), True),
    "cells of one's own": (_edited(lambda cells: [_code("1 / 0"), *cells, _code("x = 1")]), True),
    "texts deleted": (_edited(lambda cells: [c for c in cells if c["cell_type"] == "code"]), True),
}


def generated_class(root: Path, assignment: str, size: int, seed: int) -> dict[str, Learner]:
    """Return learners by name: the same for the same seed."""
    draw = random.Random(f"{assignment} {seed}")
    lots = _Lots(root, assignment, draw)
    return {f"learner-{number:03}": lots.learner() for number in range(size)}


class _Lots:
    """What learners are drawn from."""

    def __init__(self, root: Path, assignment: str, draw: random.Random) -> None:
        self.draw = draw
        self.questions = tuple(question_points(root, assignment))
        self.given = reference(root, assignment)
        self.sets = [self.given, *variants(root, assignment).values()]
        self.wrong = [answer for answer in wrong_answers(root, assignment) if not answer.files]

    def learner(self) -> Learner:
        """Draw a learner: how much they know, then each answer; every fifth breaks the file."""
        share = self.draw.choice(RIGHT_SHARES)
        right = frozenset(q for q in self.questions if self.draw.random() < share)
        cells = dict(self.given.cells)
        for question in self.questions:
            name = f"{question}_answer"
            source = self._right(name) if question in right else self._wrong(question, cells)
            cells.pop(name)
            if source is not None:
                cells[name] = source
        what = HandIn(cells, self.given.files)
        if self.draw.random() < 0.8:
            return Learner(what, right)
        damage, counts = self.draw.choice(list(DAMAGES.values()))
        return Damaged(what, right if counts else frozenset(), damage)

    def _right(self, name: str) -> str:
        return self.draw.choice(self.sets).cells[name]

    def _wrong(self, question: str, cells: dict[str, str]) -> str | None:
        """Draw a wrong or broken answer; one that ends Python only where there is none yet."""
        if self.draw.random() < 0.6:
            of_question = [answer for answer in self.wrong if answer.question == question]
            return self.draw.choice(of_question).source
        kind = self.draw.choice(list(BROKEN))
        ended = BROKEN[ENDS_PYTHON] in cells.values()
        return BROKEN[kind if kind != ENDS_PYTHON or not ended else "emptied"]
