"""The file of an experiment: what is recorded stays, and is not measured again."""

from dataclasses import dataclass

import numpy as np
import pytest

import experiment
from experiment import read, record


@dataclass(frozen=True)
class Row:
    name: str
    seed: int
    split: str
    accuracy: float


def rows_of(name, seed):
    return [Row(name, seed, split, 0.5) for split in ("validation", "test")]


WANTED = [("a", 0), ("a", 1), ("b", 0)]


def climb(path, run, wanted=WANTED):
    record(path, Row, ("name", "seed"), wanted, run)


def test_every_experiment_is_recorded_once(tmp_path, capsys):
    path, calls = tmp_path / "new" / "rows.csv", []

    def run(*key):
        calls.append(key)
        return rows_of(*key)

    climb(path, run, WANTED[:2])
    climb(path, run)
    assert calls == WANTED
    assert [(row["name"], row["seed"]) for row in read(path)[::2]] == [
        ("a", "0"),
        ("a", "1"),
        ("b", "0"),
    ]
    assert read(path)[1] == {"name": "a", "seed": "0", "split": "test", "accuracy": "0.5"}
    assert "[3/3] b 0: validation 0.5000, test 0.5000" in capsys.readouterr().out
    assert [file.name for file in path.parent.iterdir()] == ["rows.csv"]


def test_interrupted_experiments_go_on_where_they_were(tmp_path):
    path = tmp_path / "rows.csv"

    def interrupted(name, seed):
        if name == "b":
            raise KeyboardInterrupt
        return rows_of(name, seed)

    with pytest.raises(SystemExit, match=r"stopped; what was measured is in .*rows.csv"):
        climb(path, interrupted)
    assert len(read(path)) == 4
    calls = []
    climb(path, lambda *key: calls.append(key) or rows_of(*key))
    assert calls == [("b", 0)]


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    climb(path, rows_of, WANTED[:1])
    before = path.read_bytes()

    def fail(*paths):
        raise OSError("no space left")

    monkeypatch.setattr(experiment.os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        climb(path, rows_of)
    assert path.read_bytes() == before


def test_nothing_recorded_is_no_rows(tmp_path):
    assert read(tmp_path / "missing.csv") == []


def test_batches_need_not_divide_the_inputs(monkeypatch):
    from qutils.convert import to_tflite
    from qutils.data import load_fashion_mnist
    from qutils.nets import load

    images = load_fashion_mnist("validation")[0][:7]
    content = to_tflite(load("net_a"))
    whole = experiment.logits_of_file(content, images)
    monkeypatch.setattr(experiment, "BATCH", 3)
    assert np.allclose(experiment.logits_of_file(content, images), whole, atol=1e-4)
    assert whole.shape == (7, 10)
