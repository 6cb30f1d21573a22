"""Right answers to assignment 10 in other styles."""

import heapq
import math
from collections import Counter
from fractions import Fraction
from itertools import combinations, compress, product
from pathlib import Path

import numpy as np

# %% q1: plain loops
def limits(flash_bytes, sram_bytes, wish):
    sectors = (flash_bytes - wish["kept_bytes"]) // (wish["slots"] * wish["sector_bytes"])
    model = sectors * wish["sector_bytes"] - wish["program_bytes"]
    free = sram_bytes - wish["other_bytes"]
    for _ in range(wish["frames"]):
        picture = 1
        for length in wish["frame_shape"]:
            picture *= length
        free -= picture
    arena = math.floor(free / (1 + wish["margin"]))
    ms = 1000 / wish["per_second"] - wish["other_ms"]
    found = {"model_bytes": model, "arena_bytes": arena, "ms": ms}
    for name in found:
        if found[name] < 0:
            found[name] = 0
    return found

# %% q2: plain loops
def time_range(layers, cycles, mhz):
    low, high = 0.0, 0.0
    for kind, macs in layers:
        if macs == 0:
            continue
        if kind not in cycles:
            return None
        low += macs * cycles[kind][0] / (mhz * 1e3)
        high += macs * cycles[kind][1] / (mhz * 1e3)
    return low, high

# %% q3: plain loops
def compare(need, limits):
    broken, unsure = [], []
    for name in limits:
        if need[name] is None:
            unsure.append(name)
            continue
        low, high = need[name]
        if high <= limits[name]:
            continue
        if low > limits[name]:
            broken.append(name)
        else:
            unsure.append(name)
    return broken, unsure

# %% q4: plain loops
def front(candidates):
    found = []
    for place in range(len(candidates)):
        size, ms, accuracy = candidates[place]
        beaten = False
        for size2, ms2, accuracy2 in candidates:
            if size2 > size or ms2 > ms or accuracy2 < accuracy:
                continue
            if size2 < size or ms2 < ms or accuracy2 > accuracy:
                beaten = True
                break
        if not beaten:
            found.append(place)
    return found

# %% q5: plain loops
def evidence(correct, total, required):
    logs = [0.0]
    for k in range(1, total + 1):
        logs.append(logs[-1] + math.log(k))
    upper = lower = 0.0
    for k in range(total + 1):
        ways = logs[total] - logs[k] - logs[total - k]
        p = math.exp(ways + k * math.log(required) + (total - k) * math.log(1 - required))
        if k >= correct:
            upper += p
        if k <= correct:
            lower += p
    return "met" if upper <= 0.025 else "missed" if lower <= 0.025 else "open"

# %% q6: plain loops
def plan(need, limits, steps):
    names, best, fewest = list(steps), None, float("inf")
    for mask in range(2 ** len(names)):
        after, hours, chosen = dict(need), 0, []
        for bit, name in enumerate(names):
            if mask & (1 << bit):
                chosen.append(name)
                hours += steps[name][0]
                for what in steps[name][1]:
                    after[what] = after[what] * steps[name][1][what]
        kept = True
        for what in limits:
            if after[what] > limits[what]:
                kept = False
        if kept and hours < fewest:
            best, fewest = chosen, hours
    return best

# %% q7: plain loops
parts = []
with open("model.tflite", "rb") as file:
    while part := file.read(1000):
        parts.append(part)
model_content = b"".join(parts)

# %% q1: NumPy
def limits(flash_bytes, sram_bytes, wish):
    slot = np.floor_divide(flash_bytes - wish["kept_bytes"], wish["slots"], dtype=np.int64)
    slot = slot // wish["sector_bytes"] * wish["sector_bytes"]
    pictures = wish["frames"] * np.prod(wish["frame_shape"], dtype=np.int64)
    arena = np.floor((sram_bytes - pictures - wish["other_bytes"]) / (1 + wish["margin"]))
    ms = np.divide(1000, wish["per_second"]) - wish["other_ms"]
    return {
        "model_bytes": np.maximum(slot - wish["program_bytes"], 0),
        "arena_bytes": np.maximum(arena, 0).astype(np.int64),
        "ms": np.maximum(ms, 0.0),
    }

# %% q2: NumPy
def time_range(layers, cycles, mhz):
    used = [(kind, macs) for kind, macs in layers if macs > 0]
    if not {kind for kind, _ in used} <= cycles.keys():
        return None
    macs = np.array([macs for _, macs in used], np.float64)
    per_mac = np.array([cycles[kind] for kind, _ in used], np.float64).reshape(-1, 2)
    return tuple(macs @ per_mac / (1000 * mhz))

# %% q3: NumPy
def compare(need, limits):
    nobody = (-np.inf, np.inf)
    ends = np.array([need[n] if need[n] is not None else nobody for n in limits])
    low, high = ends.reshape(-1, 2).T
    bound = np.array(list(limits.values()))
    broken, unsure = low > bound, (low <= bound) & (high > bound)
    return list(compress(limits, broken)), list(compress(limits, unsure))

# %% q4: NumPy
def front(candidates):
    costs = np.array(candidates, float).reshape(-1, 3) * [1, 1, -1]
    no_worse = np.all(costs[:, None, :] <= costs[None, :, :], axis=2)
    better = np.any(costs[:, None, :] < costs[None, :, :], axis=2)
    return np.flatnonzero(~(no_worse & better).any(axis=0)).astype(np.int32)

# %% q5: NumPy
def evidence(correct, total, required):
    k = np.arange(total + 1)
    log_factorials = np.concatenate([[0], np.log(np.arange(1, total + 1)).cumsum()])
    ways = log_factorials[-1] - log_factorials - log_factorials[::-1]
    p = np.exp(ways + k * np.log(required) + (total - k) * np.log1p(-required))
    if p[correct:].sum() <= 0.025:
        return "met"
    return np.array(["open", "missed"])[int(p[: correct + 1].sum() <= 0.025)].item()

# %% q6: NumPy
def plan(need, limits, steps):
    taken = np.array(list(product((False, True), repeat=len(steps))), bool)
    kept = np.ones(len(taken), bool)
    for name in limits:
        factors = np.array([factors.get(name, 1.0) for _, factors in steps.values()])
        kept &= need[name] * np.where(taken, factors, 1.0).prod(axis=1) <= limits[name]
    hours = (taken * np.array([hours for hours, _ in steps.values()], float)).sum(axis=1)
    if not kept.any():
        return None
    best = np.argmin(np.where(kept, hours, np.inf))
    return [name for name, take in zip(steps, taken[best]) if take]

# %% q7: NumPy
# files: model.tflite=depthwise_separable.tflite
model_content = np.fromfile("model.tflite", np.uint8).tobytes()

# %% q1: exact numbers
def limits(flash_bytes, sram_bytes, wish):
    slot = Fraction(flash_bytes - wish["kept_bytes"], wish["slots"])
    sectors = math.floor(slot / wish["sector_bytes"])
    free = sram_bytes - wish["other_bytes"] - wish["frames"] * math.prod(wish["frame_shape"])
    arena = math.floor(free / (1 + Fraction(wish["margin"])))
    ms = Fraction(1000) / wish["per_second"] - Fraction(wish["other_ms"])
    return {
        "model_bytes": max(sectors * wish["sector_bytes"] - wish["program_bytes"], 0),
        "arena_bytes": max(arena, 0),
        "ms": float(max(ms, 0)),
    }

# %% q2: exact numbers
def time_range(layers, cycles, mhz):
    ends = [Fraction(0), Fraction(0)]
    for kind, macs in layers:
        if macs and kind not in cycles:
            return None
        for end in (0, 1):
            ends[end] += macs * Fraction(cycles[kind][end]) if macs else 0
    return [float(end / (1000 * Fraction(mhz))) for end in ends]

# %% q3: exact numbers
def compare(need, limits):
    def outcome(name):
        if need[name] is None:
            return "open"
        over = [Fraction(end) > Fraction(limits[name]) for end in need[name]]
        return {0: "kept", 1: "open", 2: "broken"}[sum(over)]

    outcomes = {name: outcome(name) for name in limits}
    return tuple([n for n, is_ in outcomes.items() if is_ == which] for which in ("broken", "open"))

# %% q4: exact numbers
def front(candidates):
    costs = [(Fraction(size), Fraction(ms), -Fraction(acc)) for size, ms, acc in candidates]
    different = set(costs)
    beaten = {
        b for b in different for a in different - {b} if all(x <= y for x, y in zip(a, b))
    }
    return [place for place, cost in enumerate(costs) if cost not in beaten]

# %% q5: exact numbers
def evidence(correct, total, required):
    right, whole = required.as_integer_ratio()
    term, terms = (whole - right) ** total, []  # times whole ** total
    for k in range(total + 1):
        terms.append(term)
        term = term * (total - k) * right // ((k + 1) * (whole - right))
    everything = whole**total
    if 40 * sum(terms[correct:]) <= everything:
        return "met"
    return "missed" if 40 * sum(terms[: correct + 1]) <= everything else "open"

# %% q6: exact numbers
def plan(need, limits, steps):
    def after(name, chosen):
        factors = (Fraction(steps[step][1][name]) for step in chosen if name in steps[step][1])
        return Fraction(need[name]) * math.prod(factors)

    keeping = {}
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            if all(after(name, chosen) <= limits[name] for name in limits):
                keeping[sum(steps[step][0] for step in chosen)] = list(chosen)
    return keeping[min(keeping)] if keeping else None

# %% q7: exact numbers
model_content = bytes(list(Path("model.tflite").read_bytes()))

# %% q1: early returns and helpers
def at_least_nothing(number):
    return number if number > 0 else 0


def part_of_flash(flash_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    rest = slot % wish["sector_bytes"]
    return slot - rest - wish["program_bytes"]


def part_of_sram(sram_bytes, wish):
    h, w, c = wish["frame_shape"]
    left = sram_bytes - wish["other_bytes"] - h * w * c * wish["frames"]
    return int(left // (1 + wish["margin"]))


def limits(flash_bytes, sram_bytes, wish):
    period = 1e3 / wish["per_second"]
    return dict(
        ms=at_least_nothing(period - wish["other_ms"]),
        arena_bytes=at_least_nothing(part_of_sram(sram_bytes, wish)),
        model_bytes=at_least_nothing(part_of_flash(flash_bytes, wish)),
    )

# %% q2: early returns and helpers
def time_range(layers, cycles, mhz):
    macs_of = Counter()
    for kind, macs in layers:
        macs_of[kind] += macs
    macs_of = +macs_of  # drops zeros
    try:
        return tuple(
            math.fsum(macs * cycles[kind][end] for kind, macs in macs_of.items()) / mhz / 1000
            for end in (0, 1)
        )
    except KeyError:
        return None

# %% q3: early returns and helpers
def is_kept(need, limit):
    return need is not None and max(need) <= limit


def is_broken(need, limit):
    return need is not None and min(need) > limit


def compare(need, limits):
    broken = [name for name, limit in limits.items() if is_broken(need[name], limit)]
    kept = [name for name, limit in limits.items() if is_kept(need[name], limit)]
    return (broken, [name for name in limits if name not in broken + kept])

# %% q4: early returns and helpers
def front(candidates):
    # After sorting, only an earlier candidate can beat a later one.
    kept = []
    for size, ms, loss in sorted({(size, ms, -accuracy) for size, ms, accuracy in candidates}):
        if not any(ms2 <= ms and loss2 <= loss for _, ms2, loss2 in kept):
            kept.append((size, ms, loss))
    kept = {(size, ms, -loss) for size, ms, loss in kept}
    return tuple(place for place, candidate in enumerate(candidates) if candidate in kept)

# %% q5: early returns and helpers
def tail(count, total, p):
    """Return the probability of so many or more, from one term and the ratios of neighbors."""
    log_term = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    log_term += count * math.log(p) + (total - count) * math.log1p(-p)
    found = 0.0
    for k in range(count, total):
        found += math.exp(log_term)
        log_term += math.log((total - k) / (k + 1)) + math.log(p / (1 - p))
    return found + math.exp(log_term)


def evidence(correct, total, required):
    if tail(correct, total, required) <= 1 / 40:
        return "met"
    if tail(total - correct, total, 1 - required) <= 1 / 40:
        return "missed"
    return "open"

# %% q6: early returns and helpers
def plan(need, limits, steps):
    waiting, names = [(0, 0, (), dict(need))], list(steps)
    while waiting:
        hours, place, chosen, now = heapq.heappop(waiting)
        if all(now[name] <= limits[name] for name in limits):
            return list(chosen)
        for step in range(place, len(names)):
            more, factors = steps[names[step]]
            then = {name: value * factors.get(name, 1) for name, value in now.items()}
            heapq.heappush(waiting, (hours + more, step + 1, (*chosen, names[step]), then))
    return None

# %% q7: early returns and helpers
# files: model.tflite=depthwise_separable.tflite
def content_of(name):
    with open(name, mode="rb") as file:
        return file.read()


model_content = content_of(name="model.tflite")

# %% q1: comprehensions
def limits(flash_bytes, sram_bytes, wish):
    w = type("Wish", (), wish)
    slot = (flash_bytes - w.kept_bytes) // w.slots // w.sector_bytes * w.sector_bytes
    free = sram_bytes - math.prod((w.frames, *w.frame_shape)) - w.other_bytes
    found = {
        "model_bytes": slot - w.program_bytes,
        "arena_bytes": math.trunc(free / (w.margin + 1)),
        "ms": 1 / w.per_second * 1000 - w.other_ms,
    }
    return {name: value * (value > 0) for name, value in found.items()}

# %% q2: comprehensions
def time_range(layers, cycles, mhz):
    if {kind for kind, macs in layers if macs} - set(cycles):
        return None
    parts = [[macs * c / mhz * 1e-3 for c in cycles[kind]] for kind, macs in layers if macs]
    return tuple(map(sum, zip(*parts))) or (0, 0)

# %% q3: comprehensions
def compare(need, limits):
    known = {name: need[name] or (-math.inf, math.inf) for name in limits}
    broken = tuple(n for n, (low, _) in known.items() if not low <= limits[n])
    unsure = tuple(n for n, (low, high) in known.items() if low <= limits[n] and high > limits[n])
    return [broken, unsure]

# %% q4: comprehensions
def front(candidates):
    return [
        k
        for k, (size, ms, accuracy) in enumerate(candidates)
        if all(
            s > size or t > ms or a < accuracy or (s, t, a) == (size, ms, accuracy)
            for s, t, a in candidates
        )
    ]

# %% q5: comprehensions
def evidence(correct, total, required):
    p = Fraction(required).limit_denominator(10**9)
    n, d = p.numerator, p.denominator
    below = sum(math.comb(total, k) * n**k * (d - n) ** (total - k) for k in range(correct))
    here = math.comb(total, correct) * n**correct * (d - n) ** (total - correct)
    at_most, at_least = below + here, d**total - below
    return "met" if 40 * at_least <= d**total else "missed" if 40 * at_most <= d**total else "open"

# %% q6: comprehensions
def plan(need, limits, steps):
    choices = sorted(
        (c for size in range(len(steps) + 1) for c in combinations(steps, size)),
        key=lambda chosen: sum(steps[step][0] for step in chosen),
    )
    keeping = (
        list(chosen)
        for chosen in choices
        if all(
            math.prod([need[n], *(steps[s][1].get(n, 1) for s in chosen)]) <= limits[n]
            for n in limits
        )
    )
    return next(keeping, None)

# %% q7: comprehensions
model_content = bytes(byte for byte in Path("model.tflite").read_bytes())
