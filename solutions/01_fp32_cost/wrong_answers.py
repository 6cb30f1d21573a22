"""Wrong answers to assignment 1, with mistakes that learners make."""


# %% q1: wrong
# feedback: TODO
def number_from_bits(bits):
    """Forget that numbers with exponent 0 have no leading 1."""
    sign, exponent, fraction = bits >> 31, (bits >> 23) & 255, bits & 0x7FFFFF
    if exponent == fraction == 0:
        return 0.0
    return (-1) ** sign * 2.0 ** (exponent - 127) * (1 + fraction / 2**23)


# %% q2: wrong
# feedback: TODO
def first_missing_integer(fraction_bits):
    """Forget the leading 1, which is not stored."""
    return 2**fraction_bits + 1


# %% q3: wrong
# feedback: TODO
def conv_cost(height, width, in_channels, out_channels, kernel, stride=1, depthwise=False):
    """Round the output size down."""
    positions = (height // stride) * (width // stride)
    weights = kernel**2 * (1 if depthwise else in_channels) * out_channels
    return weights + out_channels, positions * out_channels, positions * weights


# %% q4: wrong
# feedback: TODO
def memory_bytes(layers, input_values, bytes_per_value):
    """Keep every activation to the end."""
    flash = sum(parameters for parameters, _ in layers)
    everything = input_values + sum(output for _, output in layers)
    return flash * bytes_per_value, everything * bytes_per_value


# %% q5: wrong
# feedback: TODO
def what_fails(flash_bytes, peak_bytes, board_flash, board_sram):
    """Stop at the first failure."""
    if flash_bytes > board_flash:
        return ["flash"]
    if peak_bytes > board_sram:
        return ["sram"]
    return []


# %% q6: wrong
# feedback: TODO
def energy_uj(macs, bytes_moved, mac_pj, word_pj):
    """Pay for a word with every byte."""
    return macs * mac_pj / 1e6, bytes_moved * word_pj / 1e6


# %% q7: wrong
# feedback: TODO
def smallest_board(flash_bytes, peak_bytes, boards):
    """Look for the least flash in place of the least SRAM."""
    fitting = [
        (flash, sram, name)
        for name, (flash, sram) in boards.items()
        if flash_bytes <= flash and peak_bytes <= sram
    ]
    return min(fitting)[2] if fitting else None
