"""The proof that an assignment's tests tell right answers from wrong ones, by the real grader.

Graded are the reference, correct variants, the empty notebook and wrong answers, each handed in as
a learner would; then mutants of the reference, each by the tests of its own question.
"""

import symtable
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nbgrader.coursedir import CourseDirectory

import answers
from answers import HandIn, WrongAnswer
from exercises import course_config, generate_one
from mutants import SEED, Mutant, chosen_mutants, equivalents, faults_of_mutants, mutants_of
from qutils.grading.assignment import SourceNotebook, load
from qutils.grading.classroom import Course, read_hand_in, sandboxed
from qutils.grading.job import Cell, CellResult, Job, Result
from qutils.grading.pool import run_jobs
from qutils.grading.sandbox import UNSAFE, probe
from qutils.grading.settings import SECRET

WORKERS = 2
# On a busy machine a right answer may exceed this, so it is tried again alone, with twice the time.
MUTANT_SECONDS = 5.0
MUTANTS_OF_A_JOB = 25

Advance = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How thorough a proof is.

    Attributes
    ----------
    reference, variant, wrong
        How often the random inputs of the tests are drawn for each such hand-in, as for so many
        learners.
    mutants
        How many mutants of a question are graded, at most.
    """

    reference: int
    variant: int
    wrong: int
    mutants: int


THOROUGH = Effort(reference=50, variant=10, wrong=3, mutants=100_000)
BRIEF = Effort(reference=5, variant=1, wrong=1, mutants=12)


@dataclass(frozen=True)
class Row:
    """What was found out about the tests of one question."""

    assignment: str
    question: str
    points: float
    wrong_answers: int
    caught: int
    mutants: int
    killed: int
    variants: int
    passed: int


@dataclass(frozen=True)
class Proof:
    """The table of an assignment, and everything that speaks against its tests."""

    rows: tuple[Row, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A hand-in and what must come of it.

    Attributes
    ----------
    wrong
        The questions that must get no points; all others must get theirs.
    feedback
        A part of the message that each of these must get.
    """

    kind: str
    title: str
    hand_in: HandIn
    wrong: frozenset[str] = frozenset()
    feedback: str = ""

    @classmethod
    def of_wrong(cls, answer: WrongAnswer, reference: HandIn) -> "Case":
        """Return the case of a wrong answer among right ones."""
        title = f"{answer.question}: {answer.title}"
        wrong = frozenset({answer.question})
        return cls("wrong", title, answer.put_into(reference), wrong, answer.feedback)


@dataclass(frozen=True)
class Desk:
    """An assignment that lies ready for grading, in a folder that is thrown away."""

    root: Path
    assignment: str
    course: Course
    source: SourceNotebook
    released: Path

    def job(self, student: str, what: HandIn, draws: int = 1) -> Job:
        """Return the job of a hand-in; each test stands in it so many times, with other inputs."""
        directory = self.course.directory.submitted_directory
        folder = Path(directory, student, self.assignment)
        answers.hand_in(self.released, what, folder)
        job = read_hand_in(self.course, self.course.settings, self.source, student, folder).job
        cells = (copy for cell in job.cells for copy in _drawn(cell, draws))
        limits = replace(job.limits, total_seconds=draws * job.limits.total_seconds)
        return replace(job, cells=tuple(cells), seed=SEED, limits=limits)

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Grade jobs; yield each with its result."""
        confinement = probe()
        layers = confinement if confinement.sound else UNSAFE  # these answers are our own
        for job, result in run_jobs(jobs, sandboxed(self.course, self.assignment, layers), WORKERS):
            if result.status != "graded":
                raise RuntimeError(f"{job.assignment}, {job.student}: {result.reason}")
            yield job, result


@contextmanager
def desk(root: Path, assignment: str) -> Iterator[Desk]:
    """Prepare an assignment as it stands in ``solutions/``."""
    with tempfile.TemporaryDirectory(prefix="proof-") as name:
        folder = Path(name)
        config = course_config(root, folder)
        (folder / "private").mkdir()
        (folder / "private" / SECRET).write_text("proof")
        course = Course(config, CourseDirectory(config=config))
        (source,) = load(course.directory, config, assignment)
        released = generate_one(assignment, folder / "release", root)
        yield Desk(root, assignment, course, source, released)


def _drawn(cell: Cell, draws: int) -> Iterator[Cell]:
    """Yield a test once for each draw: the grader derives its random inputs from its name."""
    yield cell
    if cell.kind == "test" and cell.points:
        for number in range(1, draws):
            yield replace(cell, grade_id=f"{cell.grade_id}, draw {number}")


# ---- hand-ins


def cases(root: Path, assignment: str) -> list[Case]:
    """Return all hand-ins of the proof but the mutants."""
    given = answers.reference(root, assignment)
    questions = frozenset(answers.question_points(root, assignment))
    sets = answers.variants(root, assignment)
    return [
        Case("reference", "the reference", given),
        Case("empty", "the empty notebook", HandIn(), questions),
        *(Case("variant", f"the variant {name!r}", what) for name, what in sets.items()),
        *(Case.of_wrong(answer, given) for answer in answers.wrong_answers(root, assignment)),
    ]


def faults_of(case: Case, cells: Iterable[CellResult]) -> list[str]:
    """Return what speaks against the tests in the result of a case."""
    faults = []
    for cell in cells:
        question = answers.question_of(cell.grade_id)
        points, said = cell.points, cell.message or "nothing"
        if question not in case.wrong and (points != cell.max_points or cell.status != "passed"):
            faults.append(f"{case.title}: {cell.grade_id} gives {points:g} and says: {said}")
        if question in case.wrong and cell.max_points:
            if points != 0:
                faults.append(f"{case.title}: not caught, {cell.grade_id} gives {points:g}")
            elif case.feedback not in cell.message:
                faults.append(
                    f"{case.title}: {cell.grade_id} does not say {case.feedback!r} but: {said}"
                )
    return faults


# ---- mutants


def mutant_job(base: Job, pack: Sequence[Mutant], student: str) -> Job:
    """Return a job with mutants of one question, each followed by the tests of that question."""
    question = pack[0].question
    answer = f"{question}_answer"
    (original,) = (cell for cell in base.cells if cell.grade_id == answer)
    (tests,) = (cell for cell in base.cells if cell.grade_id == f"{question}_tests")
    cells = [c for c in base.cells if c.kind != "test" and c.grade_id not in ("", answer)]
    symbols = symtable.symtable(original.source, "", "exec").get_symbols()
    names = [symbol.get_name() for symbol in symbols if symbol.is_assigned()]
    # A mutant that cannot be run must not leave the one before in its place.
    forget = Cell("", "learner", f"for _name in {names}:\n    globals().pop(_name, None)")
    for mutant in pack:
        cells += [forget, Cell(answer, "learner", mutant.source), tests]
    each = MUTANT_SECONDS if len(pack) > 1 else 2 * MUTANT_SECONDS
    limits = replace(base.limits, cell_seconds=each, total_seconds=each * (len(pack) + 4))
    return replace(base, cells=tuple(cells), student=student, limits=limits)


def surviving(
    table: Desk, chosen: Sequence[Mutant], advance: Advance, size: int = MUTANTS_OF_A_JOB
) -> list[Mutant]:
    """Return the mutants that get points; to be killed by the time limit counts as killed."""
    base = table.job(f"mutants of {size}", answers.reference(table.root, table.assignment))
    packs: dict[str, Sequence[Mutant]] = {}
    for question in dict.fromkeys(mutant.question for mutant in chosen):
        of_question = [mutant for mutant in chosen if mutant.question == question]
        for start in range(0, len(of_question), size):
            packs[f"{question}-{start}"] = of_question[start : start + size]
    jobs = (mutant_job(base, pack, name) for name, pack in packs.items())
    alive, again = [], []
    for job, result in table.run(jobs):
        for mutant, cell in zip(packs[job.student], result.cells, strict=True):
            if cell.status in ("not run", "timeout") and size > 1:
                again.append(mutant)
                continue
            advance(f"{mutant.question}: {mutant.after}")
            if cell.points:
                alive.append(mutant)
    return alive + (surviving(table, again, advance, size=1) if again else [])


# ---- all of it


def prove(
    root: Path,
    assignment: str,
    effort: Effort,
    advance: Advance,
    questions: frozenset[str] | None = None,
) -> Proof:
    """Return what grading right and wrong answers to an assignment shows.

    Parameters
    ----------
    advance
        Called with a word on each answer that was graded.
    questions
        Those whose wrong answers and mutants are graded; all if None.
    """
    points = answers.question_points(root, assignment)
    asked = {q: worth for q, worth in points.items() if questions is None or q in questions}
    found = {q: mutants for q, mutants in mutants_of(root, assignment).items() if q in asked}
    chosen = chosen_mutants(found, effort.mutants)
    listed = {key: why for key, why in equivalents(root, assignment).items() if key[0] in asked}
    with desk(root, assignment) as table:
        graded = list(_graded(table, effort, asked, advance))
        alive = surviving(table, chosen, advance)
    faults = [fault for case, cells in graded for fault in faults_of(case, cells)]
    faults += faults_of_mutants(listed, chosen, alive)
    rows = (
        _row(assignment, question, worth, graded, chosen, alive)
        for question, worth in asked.items()
    )
    return Proof(tuple(rows), tuple(faults))


Graded = tuple[Case, tuple[CellResult, ...]]


def _graded(
    table: Desk, effort: Effort, questions: Iterable[str], advance: Advance
) -> Iterator[Graded]:
    draws = {"reference": effort.reference, "variant": effort.variant, "wrong": effort.wrong}
    todo = {
        f"case {number}": case
        for number, case in enumerate(cases(table.root, table.assignment))
        if case.kind != "wrong" or case.wrong <= set(questions)
    }
    jobs = (table.job(name, case.hand_in, draws.get(case.kind, 1)) for name, case in todo.items())
    for job, result in table.run(jobs):
        advance(todo[job.student].title)
        yield todo[job.student], result.cells


def _row(
    assignment: str,
    question: str,
    points: float,
    graded: Iterable[Graded],
    chosen: Iterable[Mutant],
    alive: Iterable[Mutant],
) -> Row:
    wrong = [pair for pair in graded if pair[0].wrong == {question}]
    sets = [
        (case, [cell for cell in cells if answers.question_of(cell.grade_id) == question])
        for case, cells in graded
        if case.kind == "variant"
    ]
    mutants = sum(mutant.question == question for mutant in chosen)
    return Row(
        assignment,
        question,
        points,
        len(wrong),
        sum(not faults_of(*pair) for pair in wrong),
        mutants,
        mutants - sum(mutant.question == question for mutant in alive),
        len(sets),
        sum(not faults_of(*pair) for pair in sets),
    )
