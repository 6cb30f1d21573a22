"""Mutants of the reference answers: each has one small change, made by cosmic-ray's operators."""

import ast
import random
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

import answers

SEED = 8
EQUIVALENT = "equivalent_mutants.yml"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass(frozen=True)
class Mutant:
    """An answer with one change.

    Attributes
    ----------
    before, after
        The line that was changed, without its indentation.
    """

    question: str
    before: str
    after: str
    source: str


def mutants(question: str, source: str) -> Iterator[Mutant]:
    r"""Yield the mutants of an answer cell; of those that compile to the same, the first.

    Only what stands between nbgrader's solution marks is changed. Left out are operators that
    need to be told names of variables, and those that put ``is`` for ``==``: whether two equal
    numbers are one object is Python's choice.

    Examples
    --------
    >>> lines = ["def f(x: int = 1):", f"    {BEGIN}", "    return x < 2", f"    {END}"]
    >>> [mutant.after for mutant in mutants("q1", "\n".join(lines))][:3]
    ['return x == 2', 'return x != 2', 'return x <= 2']
    """
    lines = source.splitlines()
    first, last = (next(i for i, line in enumerate(lines) if m in line) for m in (BEGIN, END))
    seen = {_meaning(source)}
    for name in plugins.operator_names():
        kind = plugins.get_operator(name)
        if kind.arguments() or name.endswith(("_Is", "_IsNot")):
            continue
        for occurrence, line in enumerate(_positions(kind(), source)):
            changed = mutate_code(source, kind(), occurrence) if first < line - 1 < last else None
            meaning = changed and _meaning(changed)
            if meaning and meaning not in seen:
                seen.add(meaning)
                after = changed.splitlines()[line - 1].strip()
                yield Mutant(question, lines[line - 1].strip(), after, changed)


def _positions(operator: Any, source: str) -> Iterator[int]:
    """Yield the line of each change that an operator can make, in its order."""
    for node in ast_nodes(get_ast(source)):
        for (line, _), _ in operator.mutation_positions(node):
            yield line


def _meaning(source: str) -> Any:
    """Return what a cell compiles to without its docstrings; None where it does not compile."""
    try:
        return _parts(compile(ast.unparse(ast.parse(source)), "", "exec", optimize=2))
    except (SyntaxError, ValueError, OverflowError):
        return None


def _parts(code: types.CodeType) -> tuple[Any, ...]:
    constants = (_parts(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return code.co_code, *constants, *names


# ---- those of an assignment


def mutants_of(root: Path, assignment: str) -> dict[str, tuple[Mutant, ...]]:
    """Return all mutants of the reference answers, by question."""
    return {
        question: tuple(mutants(question, cell.source))
        for cell in answers.instructors(root, assignment).cells
        for question in answers.question_points(root, assignment)
        if answers.grade_id(cell) == f"{question}_answer"
    }


def equivalents(root: Path, assignment: str) -> dict[tuple[str, str, str], str]:
    """Return why mutants that survive are right answers, by (question, before, after)."""
    path = root / "solutions" / assignment / EQUIVALENT
    listed = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {
        (question, entry["before"], entry["after"]): entry["reason"]
        for question, entries in (listed or {}).items()
        for entry in entries
    }


def chosen_mutants(found: dict[str, tuple[Mutant, ...]], most: int) -> list[Mutant]:
    """Return at most so many mutants of each question, drawn with a fixed seed.

    Examples
    --------
    >>> pool = {"q1": (1, 2, 3), "q2": (4,)}
    >>> len(chosen_mutants(pool, 2)), chosen_mutants(pool, 9)
    (3, [1, 2, 3, 4])
    """
    draw = random.Random(SEED)
    return [
        mutant
        for of_question in found.values()
        for mutant in (of_question if len(of_question) <= most else draw.sample(of_question, most))
    ]


def faults_of_mutants(
    listed: dict[tuple[str, str, str], str], graded: Iterable[Mutant], alive: Iterable[Mutant]
) -> list[str]:
    """Return the survivors that are not listed as equivalent, and the listed ones that die."""
    survivors = {(m.question, m.before, m.after) for m in alive}
    killed = {(m.question, m.before, m.after) for m in graded} - survivors
    return [
        *(
            f"{question}: a mutant survives\n  - before: {before}\n    after: {after}"
            for question, before, after in sorted(survivors - set(listed))
        ),
        *(
            f"{question}: listed as equivalent, but it is killed: {after}"
            for question, _, after in sorted(killed & set(listed))
        ),
    ]
