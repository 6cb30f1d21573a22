"""The recorded times of int8 and float32: complete, of one machine, and as the book tells them."""

from itertools import product

import pytest

import latency
from experiment import read


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return read(latency.LATENCY)


@pytest.fixture(scope="module")
def ms(rows) -> dict[latency.Key, float]:
    return {(row["net"], row["mode"], row["kernels"]): float(row["ms"]) for row in rows}


def test_every_file_is_timed_once_with_every_set_of_kernels(rows, ms):
    assert set(ms) == set(product(latency.NETS, latency.MODES, latency.KERNELS))
    assert len(rows) == len(ms)
    assert len({(row["processor"], row["versions"], row["rounds"]) for row in rows}) == 1


def test_int8_is_slower_than_float32_in_no_row(ms):
    for net, kernels in product(latency.NETS, latency.KERNELS):
        assert ms[net, "int8", kernels] < ms[net, "float32", kernels]


def test_int8_weights_alone_made_net_a_slower(ms):
    assert ms["net_a", "dynamic", "xnnpack"] > ms["net_a", "float32", "xnnpack"]


def test_the_least_of_all_inferences_counts(monkeypatch):
    clock = iter([0.0, 0.004, 1.0, 1.002, 2.0, 2.003, 3.0, 3.005])
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(latency, "INFERENCES", 2)
    found = latency.least_ms({("net", "int8", "reference"): lambda: None}, rounds=2)
    assert found == {("net", "int8", "reference"): pytest.approx(2.0)}
