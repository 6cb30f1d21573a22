"""Correct answers to assignment 1 in the styles of five learners."""

import math

import numpy as np


# %% q1: loops
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    numbers = np.zeros(patterns.shape)
    bias = 2 ** (exponent_bits - 1) - 1
    for place in np.ndindex(patterns.shape):
        word = int(patterns[place])
        fraction = word & ((1 << fraction_bits) - 1)
        word >>= fraction_bits
        exponent = word & ((1 << exponent_bits) - 1)
        if exponent:
            number = (1 + fraction / 2**fraction_bits) * 2.0 ** (exponent - bias)
        else:
            number = fraction / 2**fraction_bits * 2.0 ** (1 - bias)
        numbers[place] = -number if word >> exponent_bits else number
    return numbers


# %% q2: loops
def counter_stop(step, fraction_bits):
    spacing = 1.0
    while spacing / 2 >= 2 * step:
        spacing /= 2
    while spacing < 2 * step:
        spacing *= 2
    total = spacing
    for _ in range(fraction_bits):
        total *= 2
    return total


# %% q3: loops
def conv_cost(image, filters, kernel, stride, padding, groups):
    height, width, channels = image
    if padding == "valid":
        height -= kernel[0] - 1
        width -= kernel[1] - 1
    outputs = 0
    for _row in range(0, height, stride[0]):
        for _column in range(0, width, stride[1]):
            outputs += filters
    seen = channels // groups
    weights = 0
    for _filter in range(filters):
        weights += kernel[0] * kernel[1] * seen
    return [weights + filters, outputs, outputs * kernel[0] * kernel[1] * seen]


# %% q4: loops
def network_bytes(layers, input_values, weight_bits, activation_bits):
    flash = peak = 0
    before = (input_values * activation_bits + 7) // 8
    for parameters, output_values in layers:
        flash += (parameters * weight_bits + 7) // 8
        after = (output_values * activation_bits + 7) // 8
        if before + after > peak:
            peak = before + after
        before = after
    return flash, peak


# %% q5: loops
def peak_bytes(sizes, reads):
    peak = 0
    for layer in range(1, len(sizes)):
        total = sizes[layer]
        for tensor in range(layer):
            needed = False
            for later in range(layer - 1, len(reads)):
                if tensor in reads[later]:
                    needed = True
            if needed:
                total += sizes[tensor]
        peak = max(peak, total)
    return peak


# %% q6: loops
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    mac_uj, fetch_uj = [], []
    for kernel, count in zip(kernels, places):
        kernel, count = int(kernel), int(count)
        mac_uj.append(kernel * count * mac_pj / 1e6)
        fetches = 1 if kernel * bits <= 8 * buffer_bytes else count
        fetch_uj.append(kernel * bits * fetches * word_pj / 32e6)
    return np.array(mac_uj), np.array(fetch_uj)


# %% q7: loops
def failures(weight_bytes, peak_bytes, code_kb, boards):
    found = {}
    for name in boards:
        flash = boards[name][0] * 1024 - code_kb * 1024
        sram = boards[name][1] * 1024
        if weight_bytes > flash and peak_bytes > sram:
            found[name] = ["flash", "arena"]
        elif weight_bytes > flash:
            found[name] = ["flash"]
        elif peak_bytes > sram:
            found[name] = ["arena"]
        else:
            found[name] = []
    return found


# %% q8: loops
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    answer = {}
    for repair, left in repairs.items():
        answer[repair] = None
        for name, (flash, sram) in boards.items():
            if weight_bytes * left[0] > flash or peak_bytes * left[1] > sram:
                continue
            best = boards.get(answer[repair])
            if best is None or sram < best[1] or (sram == best[1] and flash < best[0]):
                answer[repair] = name
    return answer


# %% q1: vectors in float32
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    words = patterns.astype(np.int64)
    fraction = words & (2**fraction_bits - 1)
    exponent = (words >> fraction_bits) & (2**exponent_bits - 1)
    significand = fraction + np.where(exponent > 0, 2**fraction_bits, 0)
    power = np.where(exponent > 0, exponent, 1) - 2 ** (exponent_bits - 1) + 1 - fraction_bits
    sign = 1 - 2 * (words >> (exponent_bits + fraction_bits))
    return np.ldexp((sign * significand).astype(np.float32), power.astype(np.int32))


# %% q2: vectors in float32
def counter_stop(step, fraction_bits):
    totals = 2.0 ** np.arange(-60, 80)
    spacings = totals * 0.5**fraction_bits
    return totals[spacings >= 2 * step].min()


# %% q3: vectors in float32
def conv_cost(image, filters, kernel, stride, padding, groups):
    size, window, step = np.array(image[:2]), np.array(kernel), np.array(stride)
    places = (size - window) // step + 1 if padding == "valid" else (size + step - 1) // step
    weights = filters * np.prod(window) * (image[2] // groups)
    positions = np.prod(places, dtype=np.int64)
    return weights + filters, positions * filters, positions * np.int64(weights)


# %% q4: vectors in float32
def network_bytes(layers, input_values, weight_bits, activation_bits):
    table = np.array(layers, dtype=np.int64)
    weights = np.ceil(table[:, 0] * weight_bits / 8).astype(np.int64)
    values = np.concatenate([[input_values], table[:, 1]]) * activation_bits
    sizes = np.ceil(values / 8).astype(np.int64)
    return weights.sum(), (sizes[:-1] + sizes[1:]).max()


# %% q5: vectors in float32
def peak_bytes(sizes, reads):
    n = len(sizes)
    last = np.arange(n)
    for layer, tensors in enumerate(reads):
        last[tensors] = layer + 1
    layers = np.arange(1, n)[:, np.newaxis]
    there = (np.arange(n) <= layers) & (last >= layers)
    return (there @ np.array(sizes)).max()


# %% q6: vectors in float32
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    weights, uses = kernels.astype(np.float32), places.astype(np.float32)
    fits = kernels.astype(np.int64) * bits <= 8 * buffer_bytes
    fetched = weights * np.float32(bits / 32) * np.where(fits, np.float32(1), uses)
    mac_uj = weights * uses * np.float32(mac_pj * 1e-6)
    return mac_uj, fetched * np.float32(word_pj * 1e-6)


# %% q7: vectors in float32
def failures(weight_bytes, peak_bytes, code_kb, boards):
    needs = np.array([weight_bytes / 1024 + code_kb, peak_bytes / 1024])
    names = np.array(["flash", "arena"])
    return {name: names[needs > np.array(kb)].tolist() for name, kb in boards.items()}


# %% q8: vectors in float32
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    names = sorted(boards, key=lambda name: (boards[name][1], boards[name][0]))
    room = np.array([boards[name] for name in names], dtype=np.float64).reshape(-1, 2)
    best = {}
    for repair, left in repairs.items():
        needs = np.array([weight_bytes, peak_bytes]) * left
        (places,) = np.nonzero((needs <= room).all(axis=1))
        best[repair] = names[places[0]] if len(places) else None
    return best


# %% q1: texts
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    width = 1 + exponent_bits + fraction_bits

    def read(pattern):
        digits = f"{int(pattern):0{width}b}"
        exponent = int(digits[1 : 1 + exponent_bits], 2)
        digits_behind = digits[1 + exponent_bits :]
        significand = int(("1" if exponent else "0") + digits_behind, 2)
        power = max(exponent, 1) - (2 ** (exponent_bits - 1) - 1) - fraction_bits
        number = significand * 2.0**power
        return -number if digits[0] == "1" else number

    return np.array([read(pattern) for pattern in patterns.flat]).reshape(patterns.shape)


# %% q2: texts
def counter_stop(step, fraction_bits):
    digits, power = step.hex().split("p")
    exponent = int(power) if digits in ("0x1.0000000000000", "0x1.0") else int(power) + 1
    return 2.0 ** (exponent + 1 + fraction_bits)


# %% q3: texts
def conv_cost(image, filters, kernel, stride, padding, groups):
    places = {
        "same": [math.ceil(n / s) for n, s in zip(image, stride)],
        "valid": [math.floor((n - k) / s) + 1 for n, k, s in zip(image, kernel, stride)],
    }
    rows, columns = places[padding]
    for_each = kernel[0] * kernel[1] * image[2] // groups
    return filters + filters * for_each, rows * columns * filters, rows * columns * filters * for_each


# %% q4: texts
def network_bytes(layers, input_values, weight_bits, activation_bits):
    def whole_bytes(values, bits):
        return math.ceil(values * bits / 8)

    tensors = [input_values] + [layer[1] for layer in layers]
    pairs = []
    for number in range(len(layers)):
        before, after = tensors[number : number + 2]
        pairs.append(whole_bytes(before, activation_bits) + whole_bytes(after, activation_bits))
    return sum(whole_bytes(layer[0], weight_bits) for layer in layers), sorted(pairs)[-1]


# %% q5: texts
def peak_bytes(sizes, reads):
    # Backwards: what is needed after a layer is known when the layer is reached.
    needed, peak = set(), 0
    for layer in range(len(reads), 0, -1):
        needed.add(layer)
        needed.update(reads[layer - 1])
        peak = max(peak, sum(sizes[tensor] for tensor in needed))
        needed.discard(layer)
    return peak


# %% q6: texts
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    energies = {"mac": [], "fetch": []}
    for kernel, uses in zip(kernels.tolist(), places.tolist()):
        energies["mac"].append(mac_pj * kernel * uses * 1e-6)
        words = kernel * bits / 32
        if kernel * bits / 8 > buffer_bytes:
            words *= uses
        energies["fetch"].append(word_pj * words * 1e-6)
    return [np.array(energies["mac"]), np.array(energies["fetch"])]


# %% q7: texts
def failures(weight_bytes, peak_bytes, code_kb, boards):
    def words(flash_kb, sram_kb):
        said = "flash " if weight_bytes > (flash_kb - code_kb) * 1024 else ""
        said += "arena" if peak_bytes > sram_kb * 1024 else ""
        return said.split()

    return {name: words(*sizes) for name, sizes in boards.items()}


# %% q8: texts
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    found = dict.fromkeys(repairs)
    for name, (flash, sram) in sorted(boards.items(), key=lambda item: item[1][::-1], reverse=True):
        for repair, (weights_left, activations_left) in repairs.items():
            if weight_bytes * weights_left <= flash and peak_bytes * activations_left <= sram:
                found[repair] = name
    return found


# %% q1: tables
def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    bias = 2 ** (exponent_bits - 1) - 1
    powers = [2.0 ** (1 - bias)] + [2.0 ** (e - bias) for e in range(1, 2**exponent_bits)]
    leading = [0.0] + [1.0] * (2**exponent_bits - 1)
    rest, fraction = np.divmod(patterns, np.uint32(2**fraction_bits))
    sign, exponent = np.divmod(rest, np.uint32(2**exponent_bits))
    significand = np.array(leading)[exponent] + fraction / 2.0**fraction_bits
    return np.array([1.0, -1.0])[sign] * np.array(powers)[exponent] * significand


# %% q2: tables
def counter_stop(step, fraction_bits):
    # The definition itself, tried for each power of two.
    for power in range(-60, 80):
        total, spacing = 2.0**power, 2.0 ** (power - fraction_bits)
        if spacing * round((total + step) / spacing) == total:
            return total


# %% q3: tables
def conv_cost(image, filters, kernel, stride, padding, groups):
    taken = {"same": (1, 1), "valid": kernel}[padding]
    positions = 1
    for axis in (0, 1):
        positions *= len(range(0, image[axis] - taken[axis] + 1, stride[axis]))
    products = math.prod((*kernel, image[2] // groups))
    return (products + 1) * filters, positions * filters, positions * products * filters


# %% q4: tables
def network_bytes(layers, input_values, weight_bits, activation_bits):
    full = [(0, input_values), *layers]
    table = [
        (-(-parameters * weight_bits // 8), -(-values * activation_bits // 8))
        for parameters, values in full
    ]
    flash = sum(row[0] for row in table)
    peak = max(table[k][1] + table[k + 1][1] for k in range(len(layers)))
    return np.int64(flash), np.int64(peak)


# %% q5: tables
def peak_bytes(sizes, reads):
    # What changes at each layer: a tensor comes, others have gone.
    last = {tensor: layer for layer, tensors in enumerate(reads, 1) for tensor in tensors}
    change = [0] * (len(sizes) + 2)
    for tensor, size in enumerate(sizes):
        change[max(tensor, 1)] += size
        change[last.get(tensor, tensor) + 1] -= size
    return max(np.cumsum(change).tolist())


# %% q6: tables
def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    table = np.stack([kernels, places]).astype(np.int64)
    macs = table.prod(axis=0, dtype=np.int64)
    fitting = table[0] * bits <= buffer_bytes * 8
    fetched_bits = np.where(fitting, table[0], macs) * bits
    return macs * (mac_pj * 1e-6), fetched_bits * (word_pj / 32 * 1e-6)


# %% q7: tables
def failures(weight_bytes, peak_bytes, code_kb, boards):
    table = {(False, False): [], (True, False): ["flash"], (False, True): ["arena"]}
    table[True, True] = table[True, False] + table[False, True]
    weight_kb, peak_kb = weight_bytes / 2**10, peak_bytes / 2**10
    return {
        name: list(table[weight_kb + code_kb > flash_kb, peak_kb > sram_kb])
        for name, (flash_kb, sram_kb) in boards.items()
    }


# %% q8: tables
def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    by_size = {(sram, flash): name for name, (flash, sram) in boards.items()}
    best = {}
    for repair, (weights_left, activations_left) in repairs.items():
        need = peak_bytes * activations_left, weight_bytes * weights_left
        enough = [size for size in by_size if size[0] >= need[0] and size[1] >= need[1]]
        best[repair] = by_size[min(enough)] if enough else None
    return best


# %% q1: helpers
def field(words, low, width):
    return (words >> low) & ((1 << width) - 1)


def one_number(pattern, exponent_bits, fraction_bits):
    pattern = int(pattern)
    exponent = field(pattern, fraction_bits, exponent_bits)
    significand = field(pattern, 0, fraction_bits)
    if exponent == 0:
        exponent = 1
    else:
        significand += 1 << fraction_bits
    number = math.ldexp(significand, exponent - 2 ** (exponent_bits - 1) + 1 - fraction_bits)
    return math.copysign(number, -field(pattern, exponent_bits + fraction_bits, 1) or 1)


def numbers_from_bits(patterns, exponent_bits, fraction_bits):
    read = np.vectorize(one_number, otypes=[float])
    return read(patterns, exponent_bits, fraction_bits)


# %% q2: helpers
def is_lost(step, total, fraction_bits):
    return step <= total / 2**fraction_bits / 2


def counter_stop(step, fraction_bits):
    total = 2.0**-60
    while not is_lost(step, total, fraction_bits):
        total = total * 2
    return int(total) if total >= 1 else total


# %% q3: helpers
def places_along(n, k, s, padding):
    if padding == "same":
        return n // s + (n % s > 0)
    return (n - k) // s + 1


def conv_cost(image, filters, kernel, stride, padding, groups):
    rows = places_along(image[0], kernel[0], stride[0], padding)
    columns = places_along(image[1], kernel[1], stride[1], padding)
    filters_of_group, channels_of_group = filters // groups, image[2] // groups
    weights_of_group = filters_of_group * channels_of_group * kernel[0] * kernel[1]
    weights = weights_of_group * groups
    return weights + filters, rows * columns * filters, rows * columns * weights


# %% q4: helpers
def bytes_of(values, bits):
    whole, rest = divmod(values * bits, 8)
    return whole + bool(rest)


def network_bytes(layers, input_values, weight_bits, activation_bits):
    parameters, outputs = zip(*layers)
    sizes = [bytes_of(n, activation_bits) for n in (input_values,) + outputs]
    flash = sum(bytes_of(n, weight_bits) for n in parameters)
    return [flash, max(map(sum, zip(sizes[:-1], sizes[1:])))]


# %% q5: helpers
def is_there(tensor, layer, reads):
    return tensor == layer or (tensor < layer and any(tensor in r for r in reads[layer - 1 :]))


def peak_bytes(sizes, reads):
    def moment(layer):
        return sum(size for t, size in enumerate(sizes) if is_there(t, layer, reads))

    return max(map(moment, range(1, len(sizes))))


# %% q6: helpers
def microjoules(events, picojoules):
    return np.float64(events) * picojoules / 1_000_000


def layer_energy(kernels, places, bits, mac_pj, word_pj, buffer_bytes):
    words = np.float64(kernels) * (bits / 32)
    again = words * 4 > buffer_bytes
    words[again] *= places[again]
    return microjoules(np.float64(kernels) * np.float64(places), mac_pj), microjoules(words, word_pj)


# %% q7: helpers
def exceeded(need, room, name):
    return [name] if need > room else []


def failures(weight_bytes, peak_bytes, code_kb, boards):
    program = code_kb << 10
    return {
        board: exceeded(weight_bytes + program, flash_kb << 10, "flash")
        + exceeded(peak_bytes, sram_kb << 10, "arena")
        for board, (flash_kb, sram_kb) in boards.items()
    }


# %% q8: helpers
def size_of(entry):
    _, (flash, sram) = entry
    return sram, flash


def smallest_boards(weight_bytes, peak_bytes, repairs, boards):
    def best(left):
        for name, (flash, sram) in sorted(boards.items(), key=size_of):
            if flash - weight_bytes * left[0] >= 0 and sram - peak_bytes * left[1] >= 0:
                return name

    return {repair: best(left) for repair, left in repairs.items()}
