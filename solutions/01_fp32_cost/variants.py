"""Correct answers to assignment 1, in another style than the reference."""

import math


# %% q1: first
def number_from_bits(bits):
    """Cut the fields out of the binary digits and let ldexp shift the significand."""
    digits = f"{bits:032b}"
    sign, exponent, fraction = int(digits[0], 2), int(digits[1:9], 2), int(digits[9:], 2)
    significand = fraction if exponent == 0 else fraction + 2**23
    return (1, -1)[sign] * math.ldexp(significand, max(exponent, 1) - 127 - 23)


# %% q2: first
def first_missing_integer(fraction_bits):
    """Double the gap between neighbors until it passes 1."""
    power, gap = 1, 2.0**-fraction_bits
    while gap <= 1:
        power, gap = power * 2, gap * 2
    return power + 1


# %% q3: first
def conv_cost(height, width, in_channels, out_channels, kernel, stride=1, depthwise=False):
    """Walk over the output positions."""
    seen = 1 if depthwise else in_channels
    outputs = macs = 0
    for _row in range(0, height, stride):
        for _column in range(0, width, stride):
            outputs += out_channels
            macs += out_channels * seen * kernel**2
    return [seen * kernel**2 * out_channels + out_channels, outputs, macs]


# %% q4: first
def memory_bytes(layers, input_values, bytes_per_value):
    """Go through the layers one by one."""
    flash = peak = 0
    alive = input_values
    for parameters, output_values in layers:
        flash += parameters
        peak = max(peak, alive + output_values)
        alive = output_values
    return bytes_per_value * flash, bytes_per_value * peak


# %% q5: first
def what_fails(flash_bytes, peak_bytes, board_flash, board_sram):
    """Filter the two names."""
    free = {"flash": board_flash - flash_bytes, "sram": board_sram - peak_bytes}
    return [name for name in free if free[name] < 0]


# %% q6: first
def energy_uj(macs, bytes_moved, mac_pj, word_pj):
    """Work in joules in between."""
    compute_j = macs * mac_pj * 1e-12
    memory_j = bytes_moved * 8 / 32 * word_pj * 1e-12
    return compute_j * 1e6, memory_j * 1e6


# %% q7: first
def smallest_board(flash_bytes, peak_bytes, boards):
    """Sort by SRAM, then flash, and take the first that fits."""
    for name in sorted(boards, key=lambda name: (boards[name][1], boards[name][0])):
        flash, sram = boards[name]
        if flash >= flash_bytes and sram >= peak_bytes:
            return name
    return None
