"""Networks of a class as values, ranked by accuracy, and the Pareto front of accuracy and bytes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from measure_model import Measured
from qutils.metrics import Interval, accuracy_interval


@dataclass(frozen=True)
class Requirements:
    """What the assignment asks of a network, as its notebook says it."""

    board: str
    library: str
    limits: Mapping[str, float]
    accuracy: float


@dataclass(frozen=True)
class Entry:
    """One learner's network.

    Attributes
    ----------
    network
        A name that tells nobody who made it.
    is_eligible
        The gradebook has all points for the file at hand, and its accuracy on all test images is
        not below the required one, as far as its interval tells.
    measured
        None where nothing could be measured.
    remark
        Why it has no rank; "" where it has one.
    rank
        Its place by accuracy; equal accuracies share one.
    on_front
        No ranked network is at least as good in accuracy and bytes, and better in one of them.
    """

    learner: str
    network: str
    is_eligible: bool
    measured: Measured | None = None
    remark: str = ""
    rank: int | None = None
    on_front: bool = False

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of its accuracy."""
        known = self.measured
        return accuracy_interval(known.correct, known.total) if known else None


def ranked(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries with their ranks, the best first, and those without one at the end."""
    entries = list(entries)
    racing = [e.measured for e in entries if e.measured and e.is_eligible]

    def placed(entry: Entry) -> Entry:
        own = entry.measured
        if own is None or not entry.is_eligible:
            return entry
        rank = 1 + sum(other.correct > own.correct for other in racing)
        return replace(entry, rank=rank, on_front=not any(beats(other, own) for other in racing))

    def order(entry: Entry) -> tuple[float, int, str]:
        size = entry.measured.model_bytes if entry.measured else 0
        return entry.rank or float("inf"), size, entry.network

    return sorted(map(placed, entries), key=order)


def beats(one: Measured, other: Measured) -> bool:
    """Tell whether one is at least as good in accuracy and bytes, and better in one of them."""
    ours, theirs = (one.correct, -one.model_bytes), (other.correct, -other.model_bytes)
    return ours != theirs and all(a >= b for a, b in zip(ours, theirs, strict=True))
