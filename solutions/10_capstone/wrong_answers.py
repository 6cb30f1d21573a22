"""Wrong answers that learners give to assignment 10, and what each is told."""

import math
from itertools import combinations
from math import comb, exp, lgamma, log, log1p, sqrt
from pathlib import Path

import numpy as np

# %% q1: both slots together, as if the new program could overwrite the old one
# feedback: flash: the slots have equal sizes
def limits(flash_bytes, sram_bytes, wish):
    slot = flash_bytes - wish["kept_bytes"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: the program is there only once
# feedback: each slot holds a whole program
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"] - wish["program_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: the recordings are kept in each slot
# feedback: what is kept is there once
def limits(flash_bytes, sram_bytes, wish):
    slot = flash_bytes // wish["slots"] - wish["kept_bytes"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: sectors are forgotten
# feedback: a slot is a whole number of sectors
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: sectors are rounded to the nearest number
# feedback: a slot is a whole number of sectors, so its size is rounded down
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot = round(slot / wish["sector_bytes"]) * wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: the model's part is rounded to sectors, not the slot
# feedback: the slot is rounded to sectors, not what the program leaves in it
def limits(flash_bytes, sram_bytes, wish):
    model = (flash_bytes - wish["kept_bytes"]) // wish["slots"] - wish["program_bytes"]
    model -= model % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, model),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: the margin is taken off what is there
# feedback: the margin is a share of the least arena
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free * (1 - wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: the least arena is rounded to the nearest byte
# feedback: least arena plus margin is what is there
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, -int(-free // (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: only the picture that is read is counted
# feedback: a picture has height times width times bytes of a pixel, and there are several
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - height * width * pixel * bool(wish["frames"]) - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: a pixel is a byte
# feedback: a picture has height times width times bytes of a pixel
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, _ = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: negative limits
# feedback: less than nothing counts as 0
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": slot - wish["program_bytes"],
        "arena_bytes": int(free / (1 + wish["margin"])),
        "ms": 1000 / wish["per_second"] - wish["other_ms"],
    }

# %% q1: the time is in whole milliseconds
# feedback: so many answers in a second leave 1000 ms divided by their number
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, 1000 // wish["per_second"] - wish["other_ms"]),
    }

# %% q1: the other work is done once a second
# feedback: the other work is taken off for each answer
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, int(free / (1 + wish["margin"]))),
        "ms": max(0, (1000 - wish["other_ms"]) / wish["per_second"]),
    }

# %% q1: a float for a number of bytes
# feedback: a float, an integer is asked for
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) / wish["slots"]
    slot -= slot % wish["sector_bytes"]
    height, width, pixel = wish["frame_shape"]
    free = sram_bytes - wish["frames"] * height * width * pixel - wish["other_bytes"]
    return {
        "model_bytes": max(0, slot - wish["program_bytes"]),
        "arena_bytes": max(0, free // (1 + wish["margin"])),
        "ms": max(0, 1000 / wish["per_second"] - wish["other_ms"]),
    }

# %% q1: the wish is used up
# feedback: changed what it was given
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish.pop("kept_bytes")) // wish.pop("slots")
    slot -= slot % wish.pop("sector_bytes")
    height, width, pixel = wish.pop("frame_shape")
    free = sram_bytes - wish.pop("frames") * height * width * pixel - wish.pop("other_bytes")
    return {
        "model_bytes": max(0, slot - wish.pop("program_bytes")),
        "arena_bytes": max(0, int(free / (1 + wish.pop("margin")))),
        "ms": max(0, 1000 / wish.pop("per_second") - wish.pop("other_ms")),
    }

# %% q1: another spelling of a key
# feedback: lacks one of its three keys
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    slot -= slot % wish["sector_bytes"]
    return {"model": slot - wish["program_bytes"], "arena": sram_bytes, "time": 30}

# %% q1: no return
# feedback: is a `return` missing?
def limits(flash_bytes, sram_bytes, wish):
    slot = (flash_bytes - wish["kept_bytes"]) // wish["slots"]
    print(slot - wish["program_bytes"])

# %% q1: the numbers of the visible check
# feedback: with one slot all flash is the model's
def limits(flash_bytes, sram_bytes, wish):
    return {"model_bytes": 150, "arena_bytes": 320, "ms": 200}

# %% q1: the chapter's limits, pasted
# feedback: with one slot all flash is the model's
def limits(flash_bytes, sram_bytes, wish):
    REGION, CAMERA, RADIO = 262_144, 2 * 160 * 120, 65_536
    PROGRAM = 237_582
    return {
        "model_bytes": 393_216 - PROGRAM,
        "arena_bytes": int((REGION - CAMERA - RADIO) / 1.25),
        "ms": 500,
    }

# %% q2: seconds
# feedback: one layer is off
def time_range(layers, cycles, mhz):
    busy = [(kind, macs) for kind, macs in layers if macs]
    if any(kind not in cycles for kind, _ in busy):
        return None
    return tuple(sum(m * cycles[k][end] for k, m in busy) / (mhz * 1e6) for end in (0, 1))

# %% q2: kilohertz are forgotten
# feedback: one layer is off
def time_range(layers, cycles, mhz):
    busy = [(kind, macs) for kind, macs in layers if macs]
    if any(kind not in cycles for kind, _ in busy):
        return None
    return tuple(sum(m * cycles[k][end] for k, m in busy) / mhz for end in (0, 1))

# %% q2: the middle of the range, twice
# feedback: one layer is off
def time_range(layers, cycles, mhz):
    busy = [(kind, macs) for kind, macs in layers if macs]
    if any(kind not in cycles for kind, _ in busy):
        return None
    middle = sum(m * sum(cycles[k]) / 2 for k, m in busy) / (1000 * mhz)
    return middle, middle

# %% q2: a number instead of a range
# feedback: 2 values are asked for
def time_range(layers, cycles, mhz):
    busy = [(kind, macs) for kind, macs in layers if macs]
    if any(kind not in cycles for kind, _ in busy):
        return None
    return sum(m * cycles[k][1] for k, m in busy) / (1000 * mhz)

# %% q2: the high end first
# feedback: the low end comes first
def time_range(layers, cycles, mhz):
    busy = [(kind, macs) for kind, macs in layers if macs]
    if any(kind not in cycles for kind, _ in busy):
        return None
    return tuple(sum(m * cycles[k][end] for k, m in busy) / (1000 * mhz) for end in (1, 0))

# %% q2: layers of the same kind fall together in a dict
# feedback: layers of the same kind take time each
def time_range(layers, cycles, mhz):
    busy = {kind: macs for kind, macs in layers if macs}
    if any(kind not in cycles for kind in busy):
        return None
    return tuple(sum(m * cycles[k][e] for k, m in busy.items()) / (1000 * mhz) for e in (0, 1))

# %% q2: all MACs at the cycles of the first kind
# feedback: each MAC takes the cycles of its own kind
def time_range(layers, cycles, mhz):
    busy = [(kind, macs) for kind, macs in layers if macs]
    if any(kind not in cycles for kind, _ in busy):
        return None
    if not busy:
        return 0, 0
    total = sum(macs for _, macs in busy)
    return tuple(total * end / (1000 * mhz) for end in cycles[busy[0][0]])

# %% q2: what nobody published takes no time
# feedback: a layer with MACs whose kind nobody has published
def time_range(layers, cycles, mhz):
    return tuple(
        sum(m * cycles.get(k, (0, 0))[end] for k, m in layers) / (1000 * mhz) for end in (0, 1)
    )

# %% q2: what nobody published is invented
# feedback: a layer with MACs whose kind nobody has published
def time_range(layers, cycles, mhz):
    usual = tuple(np.mean(list(cycles.values()), axis=0)) if cycles else (0, 0)
    return tuple(
        float(sum(m * cycles.get(k, usual)[end] for k, m in layers)) / (1000 * mhz)
        for end in (0, 1)
    )

# %% q2: None for each kind that is not published, MACs or not
# feedback: a layer of 0 MACs needs no cycles
def time_range(layers, cycles, mhz):
    if any(kind not in cycles for kind, _ in layers):
        return None
    return tuple(sum(m * cycles[k][end] for k, m in layers) / (1000 * mhz) for end in (0, 1))

# %% q2: stops at the first layer without MACs
# feedback: a layer of 0 MACs needs no cycles
def time_range(layers, cycles, mhz):
    low = high = 0
    for kind, macs in layers:
        if macs == 0:
            return None if not low else (low / (1000 * mhz), high / (1000 * mhz))
        if kind not in cycles:
            return None
        low, high = low + macs * cycles[kind][0], high + macs * cycles[kind][1]
    return low / (1000 * mhz), high / (1000 * mhz)

# %% q2: whole cycles for each MAC
# feedback: one layer is off
def time_range(layers, cycles, mhz):
    busy = [(kind, macs) for kind, macs in layers if macs]
    if any(kind not in cycles for kind, _ in busy):
        return None
    return tuple(sum(m * int(cycles[k][end]) for k, m in busy) / (1000 * mhz) for end in (0, 1))

# %% q2: a KeyError for what nobody published
# feedback: your code raised KeyError
def time_range(layers, cycles, mhz):
    return tuple(
        sum(m * cycles[k][end] for k, m in layers if m) / (1000 * mhz) for end in (0, 1)
    )

# %% q2: the list of layers is emptied
# feedback: changed what it was given
def time_range(layers, cycles, mhz):
    low = high = 0
    while layers:
        kind, macs = layers.pop()
        if macs and kind not in cycles:
            return None
        if macs:
            low, high = low + macs * cycles[kind][0], high + macs * cycles[kind][1]
    return low / (1000 * mhz), high / (1000 * mhz)

# %% q2: no return
# feedback: returned None
def time_range(layers, cycles, mhz):
    low = sum(m * cycles.get(k, (0, 0))[0] for k, m in layers) / (1000 * mhz)
    high = sum(m * cycles.get(k, (0, 0))[1] for k, m in layers) / (1000 * mhz)

# %% q2: the numbers of the visible check
# feedback: one layer is off
def time_range(layers, cycles, mhz):
    if layers[0][0] == "LSTM":
        return None
    return (5, 9) if len(layers) == 2 and layers[1][1] else (1, 2)

# %% q3: the middle of the range decides
# feedback: where its middle lies says nothing
def compare(need, limits):
    broken, unsure = [], []
    for name, limit in limits.items():
        if need[name] is None:
            unsure.append(name)
        elif sum(need[name]) / 2 > limit:
            broken.append(name)
    return broken, unsure

# %% q3: the chapter's verdict: only the high end counts
# feedback: a limit inside the range is open
def compare(need, limits):
    broken = [k for k in limits if need[k] is not None and need[k][1] > limits[k]]
    unknown = [k for k in limits if need[k] is None]
    return broken, unknown

# %% q3: only the low end counts
# feedback: a limit inside the range is open
def compare(need, limits):
    broken = [k for k in limits if need[k] is not None and need[k][0] > limits[k]]
    return broken, [k for k in limits if need[k] is None]

# %% q3: what is broken is open as well
# feedback: a range that lies above its limit is broken, and not open as well
def compare(need, limits):
    broken = [k for k in limits if need[k] is not None and need[k][0] > limits[k]]
    unsure = [k for k in limits if need[k] is None or need[k][1] > limits[k]]
    return broken, unsure

# %% q3: what nobody knows is kept
# feedback: what nobody knows is open
def compare(need, limits):
    known = {k: need[k] for k in limits if need[k] is not None}
    broken = [k for k in known if known[k][0] > limits[k]]
    return broken, [k for k in known if known[k][0] <= limits[k] < known[k][1]]

# %% q3: what nobody knows is broken
# feedback: what nobody knows is open
def compare(need, limits):
    broken = [k for k in limits if need[k] is None or need[k][0] > limits[k]]
    return broken, [k for k in limits if k not in broken and need[k][1] > limits[k]]

# %% q3: a need that equals its limit exceeds it
# feedback: a need that equals its limit does not exceed it
def compare(need, limits):
    broken = [k for k in limits if need[k] is not None and need[k][0] >= limits[k]]
    unsure = [k for k in limits if k not in broken and (need[k] is None or need[k][1] >= limits[k])]
    return broken, unsure

# %% q3: a high end at the limit leaves it open
# feedback: a high end that equals the limit does not exceed it
def compare(need, limits):
    broken, unsure = [], []
    for name, limit in limits.items():
        if need[name] is not None and need[name][0] > limit:
            broken.append(name)
        elif need[name] is None or need[name][0] < limit <= need[name][1]:
            unsure.append(name)
    return broken, unsure

# %% q3: a low end at the limit breaks it
# feedback: a low end that equals the limit does not exceed it
def compare(need, limits):
    broken, unsure = [], []
    for name, limit in limits.items():
        if need[name] is None:
            unsure.append(name)
        elif need[name][1] > limit:
            (broken if need[name][0] >= limit else unsure).append(name)
    return broken, unsure

# %% q3: needs without a limit are looked at
# feedback: your code raised KeyError
def compare(need, limits):
    broken = [k for k in need if need[k] is not None and need[k][0] > limits[k]]
    unsure = [k for k in need if need[k] is None or need[k][0] <= limits[k] < need[k][1]]
    return broken, unsure

# %% q3: a limit of 0 is taken for none
# feedback: limits and needs may be 0
def compare(need, limits):
    broken, unsure = [], []
    for name, limit in limits.items():
        if not need[name]:
            unsure.append(name)
        elif limit and need[name][0] > limit:
            broken.append(name)
        elif limit and need[name][1] > limit:
            unsure.append(name)
    return broken, unsure

# %% q3: sorted by name
# feedback: `compare` has to return two lists of names
def compare(need, limits):
    broken = {k for k in limits if need[k] is not None and need[k][0] > limits[k]}
    kept = {k for k in limits if need[k] is not None and need[k][1] <= limits[k]}
    return broken, set(limits) - broken - kept

# %% q3: in the order of the needs
# feedback: in the order of `limits`
def compare(need, limits):
    names = [k for k in need if k in limits]
    broken = [k for k in names if need[k] is not None and need[k][0] > limits[k]]
    return broken, [k for k in names if need[k] is None or need[k][0] <= limits[k] < need[k][1]]

# %% q3: the open ones first
# feedback: a range that lies above its limit is broken
def compare(need, limits):
    broken = [k for k in limits if need[k] is not None and need[k][0] > limits[k]]
    return [k for k in limits if need[k] is None or need[k][0] <= limits[k] < need[k][1]], broken

# %% q3: the first one that is found
# feedback: several limits are off
def compare(need, limits):
    for k, limit in limits.items():
        if need[k] is not None and need[k][0] > limit:
            return [k], []
        if need[k] is None or need[k][1] > limit:
            return [], [k]
    return [], []

# %% q3: one list
# feedback: `compare` returned
def compare(need, limits):
    return [k for k in limits if need[k] is None or need[k][1] > limits[k]]

# %% q3: no return
# feedback: is a `return` missing?
def compare(need, limits):
    broken = [k for k in limits if need[k] is not None and need[k][0] > limits[k]]
    unsure = [k for k in limits if need[k] is None or need[k][0] <= limits[k] < need[k][1]]

# %% q4: less accuracy is better
# feedback: more accuracy is better
def front(candidates):
    def beats(a, b):
        return a != b and all(x <= y for x, y in zip(a, b))

    return [k for k, b in enumerate(candidates) if not any(beats(a, b) for a in candidates)]

# %% q4: more bytes are better
# feedback: fewer bytes are better
def front(candidates):
    def beats(a, b):
        return a != b and a[0] >= b[0] and a[1] <= b[1] and a[2] >= b[2]

    return [k for k, b in enumerate(candidates) if not any(beats(a, b) for a in candidates)]

# %% q4: time is forgotten
# feedback: fewer milliseconds are better
def front(candidates):
    def beats(a, b):
        return (a[0], a[2]) != (b[0], b[2]) and a[0] <= b[0] and a[2] >= b[2]

    return [k for k, b in enumerate(candidates) if not any(beats(a, b) for a in candidates)]

# %% q4: it must be better in all three to beat another
# feedback: worse in accuracy alone is beaten
def front(candidates):
    def beats(a, b):
        return a[0] < b[0] and a[1] < b[1] and a[2] > b[2]

    return [k for k, b in enumerate(candidates) if not any(beats(a, b) for a in candidates)]

# %% q4: equal ones beat each other
# feedback: a single candidate remains: nothing beats itself
def front(candidates):
    def beats(a, b):
        return a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    return [k for k, b in enumerate(candidates) if not any(beats(a, b) for a in candidates)]

# %% q4: only itself is spared
# feedback: equal candidates do not beat each other
def front(candidates):
    def beats(j, k):
        a, b = candidates[j], candidates[k]
        return j != k and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    places = range(len(candidates))
    return [k for k in places if not any(beats(j, k) for j in places)]

# %% q4: only the first of equal ones
# feedback: equal candidates do not beat each other
def front(candidates):
    def beats(a, b):
        return a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    best = [b for b in candidates if not any(beats(a, b) for a in candidates)]
    return sorted({candidates.index(b) for b in best})

# %% q4: the best in each of the three
# feedback: best in nothing may still be beaten by no other one
def front(candidates):
    if not candidates:
        return []
    least, quick = min(c[0] for c in candidates), min(c[1] for c in candidates)
    most = max(c[2] for c in candidates)
    beaten = lambda b: any(
        a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2] for a in candidates
    )
    return [
        k
        for k, c in enumerate(candidates)
        if not beaten(c) and (c[0] == least or c[1] == quick or c[2] == most)
    ]

# %% q4: a sum of the three
# feedback: equal candidates do not beat each other
def front(candidates):
    if not candidates:
        return []
    return [min(range(len(candidates)), key=lambda k: candidates[k][0] + candidates[k][1] - candidates[k][2])]

# %% q4: a sweep by size that keeps each new best accuracy
# feedback: quickest remains
def front(candidates):
    order = sorted(range(len(candidates)), key=lambda k: (candidates[k][0], -candidates[k][2], candidates[k][1]))
    kept, best = [], -1.0
    for k in order:
        if candidates[k][2] > best or candidates[k] in [candidates[j] for j in kept]:
            kept.append(k)
            best = max(best, candidates[k][2])
    return sorted(kept)

# %% q4: sorted by bytes
# feedback: `front` returned
def front(candidates):
    def beats(a, b):
        return a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    return sorted(b for b in candidates if not any(beats(a, b) for a in candidates)) or None

# %% q4: positions from the smallest to the largest
# feedback: the positions come in ascending order
def front(candidates):
    def beats(a, b):
        return a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    best = [k for k, b in enumerate(candidates) if not any(beats(a, b) for a in candidates)]
    return sorted(best, key=lambda k: candidates[k])

# %% q4: a mask
# feedback: integer is asked for
def front(candidates):
    def beats(a, b):
        return a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    return np.array([not any(beats(a, b) for a in candidates) for b in candidates], bool)

# %% q4: those that are beaten
# feedback: a single candidate remains
def front(candidates):
    def beats(a, b):
        return a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    return [k for k, b in enumerate(candidates) if any(beats(a, b) for a in candidates)]

# %% q4: fails for none
# feedback: your code raised
def front(candidates):
    costs = np.array(candidates) * (1, 1, -1)
    no_worse = (costs[:, None, :] <= costs[None, :, :]).all(2)
    better = (costs[:, None, :] < costs[None, :, :]).any(2)
    return np.flatnonzero(~(no_worse & better).any(0)).tolist()

# %% q4: neighbors only
# feedback: all that are beaten go
def front(candidates):
    def beats(a, b):
        return a != b and a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2]

    kept = []
    for k, candidate in enumerate(candidates):
        around = candidates[max(0, k - 1) : k] + candidates[k + 1 : k + 2]
        if len(candidates) > 3 and k == 0 or not any(beats(a, candidate) for a in around):
            kept.append(k)
    return kept

# %% q4: prints a lot and returns nothing
# feedback: is a `return` missing?
def front(candidates):
    for k in range(10_000):
        print(k, candidates[:3])

# %% q5: the accuracy is compared with the requirement
# feedback: as many as are required on the average show nothing
def evidence(correct, total, required):
    return "met" if correct / total >= required else "missed"

# %% q5: the chapter's interval, from qutils
# feedback: this question is to be solved without qutils.metrics.accuracy_interval
from qutils.metrics import accuracy_interval


def evidence(correct, total, required):
    interval = accuracy_interval(correct, total)
    if interval.low > required:
        return "met"
    return "missed" if interval.high < required else "open"

# %% q5: the chapter's interval, pasted
# feedback: nothing is approximated
def evidence(correct, total, required):
    p, z2 = correct / total, 1.959963984540054**2
    center = p + z2 / (2 * total)
    spread = sqrt(z2) * sqrt(p * (1 - p) / total + z2 / (4 * total**2))
    widen = 1 + z2 / total
    if (center - spread) / widen > required:
        return "met"
    return "missed" if (center + spread) / widen < required else "open"

# %% q5: the formula for the half width
# feedback: nothing is approximated
def evidence(correct, total, required):
    p = correct / total
    half = 1.96 * sqrt(p * (1 - p) / total)
    if p - half > required:
        return "met"
    return "missed" if p + half < required else "open"

# %% q5: a normal distribution around the requirement
# feedback: nothing is approximated
def evidence(correct, total, required):
    z = (correct - total * required) / sqrt(total * required * (1 - required))
    return "met" if z >= 1.96 else "missed" if z <= -1.96 else "open"

# %% q5: 0.05 on each side
# feedback: one side alone may have 0.025
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct, total + 1))) <= 0.05:
        return "met"
    return "missed" if sum(map(chance, range(correct + 1))) <= 0.05 else "open"

# %% q5: 0.025 for both sides together
# feedback: is called too late
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct, total + 1))) <= 0.0125:
        return "met"
    return "missed" if sum(map(chance, range(correct + 1))) <= 0.0125 else "open"

# %% q5: more than this many
# feedback: met: this many *or more*
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct + 1, total + 1))) <= 0.025:
        return "met"
    return "missed" if sum(map(chance, range(correct + 1))) <= 0.025 else "open"

# %% q5: fewer than this many
# feedback: missed: this many *or fewer*
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct, total + 1))) <= 0.025:
        return "met"
    return "missed" if sum(map(chance, range(correct))) <= 0.025 else "open"

# %% q5: the probability of exactly this count
# feedback: as many as are required on the average show nothing
def evidence(correct, total, required):
    ways = lgamma(total + 1) - lgamma(correct + 1) - lgamma(total - correct + 1)
    chance = exp(ways + correct * log(required) + (total - correct) * log1p(-required))
    if chance > 0.1:
        return "open"
    return "met" if correct >= total * required else "missed"

# %% q5: binomials as floats
# feedback: thousands of pictures are off
def evidence(correct, total, required):
    def chance(k):
        try:
            return comb(total, k) * required**k * (1 - required) ** (total - k)
        except OverflowError:
            return 0.0

    if sum(map(chance, range(correct, total + 1))) <= 0.025:
        return "met"
    return "missed" if sum(map(chance, range(correct + 1))) <= 0.025 else "open"

# %% q5: binomials that no float holds
# feedback: your code raised OverflowError
def evidence(correct, total, required):
    def chance(k):
        return comb(total, k) * required**k * (1 - required) ** (total - k)

    if sum(map(chance, range(correct, total + 1))) <= 0.025:
        return "met"
    return "missed" if sum(map(chance, range(correct + 1))) <= 0.025 else "open"

# %% q5: met and missed are swapped
# feedback: all right, in many pictures: that is shown
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct, total + 1))) <= 0.025:
        return "missed"
    return "met" if sum(map(chance, range(correct + 1))) <= 0.025 else "open"

# %% q5: right and wrong are swapped in the formula
# feedback: as many as are required on the average show nothing
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + (total - k) * log(required) + k * log1p(-required))

    if sum(map(chance, range(correct, total + 1))) <= 0.025:
        return "met"
    return "missed" if sum(map(chance, range(correct + 1))) <= 0.025 else "open"

# %% q5: the sum stops one short
# feedback: one picture shows nothing
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct, total))) <= 0.025 and correct > total * required:
        return "met"
    return "missed" if sum(map(chance, range(correct + 1))) <= 0.025 else "open"

# %% q5: twenty simulations
# feedback: one side alone may have 0.025, and nothing is approximated
def evidence(correct, total, required):
    luck = np.random.default_rng(0).binomial(total, required, 20)
    if (luck >= correct).mean() <= 0.025:
        return "met"
    return "missed" if (luck <= correct).mean() <= 0.025 else "open"

# %% q5: True, False, None
# feedback: a text is asked for
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct, total + 1))) <= 0.025:
        return True
    return False if sum(map(chance, range(correct + 1))) <= 0.025 else "open"

# %% q5: another word
# feedback: mind the spelling
def evidence(correct, total, required):
    def chance(k):
        ways = lgamma(total + 1) - lgamma(k + 1) - lgamma(total - k + 1)
        return exp(ways + k * log(required) + (total - k) * log1p(-required))

    if sum(map(chance, range(correct, total + 1))) <= 0.025:
        return "Met"
    return "Missed" if sum(map(chance, range(correct + 1))) <= 0.025 else "Open"

# %% q5: the cases of the visible check
# feedback: all right, in many pictures: that is shown
def evidence(correct, total, required):
    return {(6, 6, 0.5): "met", (0, 6, 0.5): "missed"}.get((correct, total, required), "open")

# %% q6: all steps, to be safe
# feedback: no limit is broken
def plan(need, limits, steps):
    after = dict(need)
    for _, factors in steps.values():
        for name, factor in factors.items():
            after[name] *= factor
    return list(steps) if all(after[n] <= limits[n] for n in limits) else None

# %% q6: one step or none
# feedback: two steps are needed
def plan(need, limits, steps):
    if all(need[n] <= limits[n] for n in limits):
        return []
    enough = [
        (hours, step)
        for step, (hours, factors) in steps.items()
        if all(need[n] * factors.get(n, 1) <= limits[n] for n in limits)
    ]
    return [min(enough)[1]] if enough else None

# %% q6: the fewest steps
# feedback: what counts is the sum of the hours, not the number of steps
def plan(need, limits, steps):
    for size in range(len(steps) + 1):
        found = []
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            if all(after[n] <= limits[n] for n in limits):
                found.append((sum(steps[s][0] for s in chosen), list(chosen)))
        if found:
            return min(found)[1]
    return None

# %% q6: the first choice that is enough
# feedback: of two that are enough, the one with fewer hours
def plan(need, limits, steps):
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            if all(after[n] <= limits[n] for n in limits):
                return list(chosen)
    return None

# %% q6: the cheapest step first, until all limits are kept
# feedback: a cheap step that no limit asks for is left out
def plan(need, limits, steps):
    best = None
    order = sorted(steps, key=lambda s: steps[s][0])
    for first in range(len(order) + 1):
        after, taken = dict(need), []
        for step in [*order[first:], None]:
            if all(after[n] <= limits[n] for n in limits):
                hours = sum(steps[s][0] for s in taken)
                if best is None or hours < best[0]:
                    best = hours, [s for s in steps if s in taken]
            if step is None or all(steps[step][1].get(n, 1) >= 1 for n in need):
                continue
            taken.append(step)
            after = {n: after[n] * steps[step][1].get(n, 1) for n in after}
    return best and best[1]

# %% q6: steps that help a broken limit, and nothing else is looked at
# feedback: a step that keeps one limit may break another
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            broken = [n for n in limits if need[n] > limits[n]]
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in broken) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else None

# %% q6: steps that make anything larger are never taken
# feedback: may break a limit if another one in the plan makes up for it
def plan(need, limits, steps):
    best = None
    good = [s for s in steps if all(f <= 1 for f in steps[s][1].values())]
    for size in range(len(good) + 1):
        for chosen in combinations(good, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else None

# %% q6: factors are added up
# feedback: two steps are needed: factors of the same need multiply
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {
                n: need[n] * (1 + sum(steps[s][1].get(n, 1) - 1 for s in chosen if len(chosen) > 1))
                if len(chosen) != 1
                else need[n] * steps[chosen[0]][1].get(n, 1)
                for n in need
            }
            if len(chosen) == 2 and any(v < need[n] / 4 for n, v in after.items()):
                continue
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else None

# %% q6: the smallest factor of all, not their product
# feedback: two steps are needed: factors of the same need multiply
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * min((steps[s][1].get(n, 1) for s in chosen), default=1) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else None

# %% q6: a need that equals its limit exceeds it
# feedback: a need may equal its limit
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] < limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else None

# %% q6: an empty plan counts as none
# feedback: no limit is broken, as a need may equal its limit: an empty list
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return (best[1] or None) if best else None

# %% q6: an empty plan where nothing helps
# feedback: without steps a broken limit stays
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else []

# %% q6: the best try where nothing is enough
# feedback: None, not the best try
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else list(steps) or None

# %% q6: pairs at most
# feedback: more than two steps may be needed
def plan(need, limits, steps):
    best = None
    for size in range(min(3, len(steps) + 1)):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return best[1] if best else None

# %% q6: in the order of the hours
# feedback: the names come in the order of `steps`
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, list(chosen)
    return sorted(best[1], key=lambda s: (steps[s][0], s))[::-1] if best else None

# %% q6: the most hours
# feedback: as a need may equal its limit: an empty list
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours > best[0]):
                best = hours, list(chosen)
    return best[1] if best else None

# %% q6: the steps are used up
# feedback: changed what it was given
def plan(need, limits, steps):
    choices = [([], 0, dict(need))]
    while steps:
        step, (hours, factors) = steps.popitem()
        choices += [
            ([step, *chosen], so_far + hours, {n: v * factors.get(n, 1) for n, v in after.items()})
            for chosen, so_far, after in choices
        ]
    keeping = [(h, c) for c, h, after in choices if all(after[n] <= limits[n] for n in limits)]
    return min(keeping)[1] if keeping else None

# %% q6: each step that helps a broken limit
# feedback: of two that are enough, the one with fewer hours
def plan(need, limits, steps):
    broken = {n for n in limits if need[n] > limits[n]}
    chosen = [s for s, (_, f) in steps.items() if any(f.get(n, 1) < 1 for n in broken)]
    after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
    return chosen if all(after[n] <= limits[n] for n in limits) else None

# %% q6: a set of names
# feedback: `plan` has to return a list of names, or None
def plan(need, limits, steps):
    best = None
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            after = {n: need[n] * math.prod(steps[s][1].get(n, 1) for s in chosen) for n in need}
            hours = sum(steps[s][0] for s in chosen)
            if all(after[n] <= limits[n] for n in limits) and (not best or hours < best[0]):
                best = hours, set(chosen)
    return best[1] if best else None

# %% q6: no return
# feedback: is a `return` missing?
def plan(need, limits, steps):
    broken = [n for n in limits if need[n] > limits[n]]

# %% q6: the answers of the visible check
# feedback: without steps a broken limit stays
def plan(need, limits, steps):
    if need.get("ms") == 99:
        return None
    if need.get("arena") == 80:
        return ["stride 2"] if need["ms"] == 36 else ["int8"]
    return []

# %% q7: float32 as it comes from the converter
# feedback: the model still holds float tensors
# files: model.tflite=float32.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: float32 at both ends
# feedback: the model still holds float tensors
# files: model.tflite=float_input.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: weights in int8, activations in float32
# feedback: TFLite Micro lacks an operator of this model, or its form
# files: model.tflite=dynamic_range.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: an operator that TFLite Micro lacks
# feedback: TFLite Micro lacks an operator of this model
# files: model.tflite=unsupported_operator.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: a wide dense layer
# feedback: the file is too large for its slot of the flash
# files: model.tflite=too_large.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: no stride in the first layer
# feedback: the arena is too large
# files: model.tflite=arena_too_large.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: few weights, used often
# feedback: the upper end of the estimated time is above its limit
# files: model.tflite=too_slow.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: pictures as 784 numbers
# feedback: the input is not one picture
# files: model.tflite=flat_input.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: five kinds of garment
# feedback: the output is not ten numbers
# files: model.tflite=five_outputs.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: never trained
# feedback: it is not accurate enough on test images
# files: model.tflite=untrained.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: too simple to learn it
# feedback: it is not accurate enough on test images
# files: model.tflite=too_simple.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: trained and calibrated on 0 to 255
# feedback: in which unit were the pictures that you trained and calibrated with?
# files: model.tflite=trained_on_0_to_255.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: calibrated on 0 to 255
# feedback: in which unit were the pictures that you trained and calibrated with?
# files: model.tflite=calibrated_on_0_to_255.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: calibrated on pictures that are much too dark
# feedback: in which unit were the pictures that you trained and calibrated with?
# files: model.tflite=calibrated_in_the_dark.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: trained on negatives
# feedback: it is not accurate enough on test images
# files: model.tflite=trained_on_negatives.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: cut short on the way
# feedback: these bytes are no whole .tflite model
# files: model.tflite=truncated.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: a text under the name of the model
# feedback: these bytes are no whole .tflite model
# files: model.tflite=text.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: an empty file
# feedback: these bytes are no whole .tflite model
# files: model.tflite=empty.tflite
model_content = Path("model.tflite").read_bytes()

# %% q7: the path instead of its content
# feedback: bytes are asked for
model_content = Path("model.tflite").resolve().as_posix()

# %% q7: the model's first half
# feedback: these bytes are no whole .tflite model
model_content = Path("model.tflite").read_bytes()[:9000]

# %% q7: decoded as a text
# feedback: a text, bytes are asked for
model_content = Path("model.tflite").read_text(encoding="latin-1")

# %% q7: the file is not handed in
# feedback: model.tflite was not handed in
# files: model.tflite=
if Path("model.tflite").exists():
    model_content = Path("model.tflite").read_bytes()
