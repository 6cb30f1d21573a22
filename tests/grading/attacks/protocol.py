"""Attacks on what the learner's process says to the others; each control lacks one defence."""

from attacks.attack import Attack, fault

_SEND = """
import struct, time

def frame(text, claimed=0):
    return struct.pack(">IQ", len(text), claimed) + text

def send(content):
    for descriptor in range(3, 16):
        try:
            os.write(descriptor, content)
        except OSError:
            pass
"""
_WIRE, _PROCESSES = "qutils/grading/wire.py", "qutils/grading/processes.py"


def _broken(name: str, description: str, code: str, file: str, off: dict[str, str]) -> Attack:
    return fault(name, description, _SEND + code, without=(file, off))


ATTACKS = [
    _broken(
        "malformed_frame",
        "A cell answers the grader itself, with a frame of broken JSON.",
        "send(frame(b'[\"l\",'))",
        _WIRE,
        {"except (ValueError, TypeError, KeyError,": "except (ZeroDivisionError,"},
    ),
    _broken(
        "deep_frame",
        "A cell answers the grader itself, with a hundred thousand nested lists.",
        "send(frame(b'[\"l\",' * 100000 + b']' * 100000))",
        _WIRE,
        {"KeyError, RecursionError,": "KeyError,"},
    ),
    _broken(
        "giant_frame",
        "A cell answers with a frame that claims to hold an exabyte, and sends as much as it can.",
        "send(frame(b'', 1 << 60))\nwhile True:\n    send(bytes(1 << 20))",
        _WIRE,
        {
            "if _PREFIX.size + text_bytes + buffer_bytes > frame_bytes:": "if False:",
            "left = None if deadline is None else deadline - time.monotonic()": "left = None",
        },
    ),
    _broken(
        "impossible_array",
        "A cell answers with an array of a trillion numbers, of which it sends none.",
        """send(frame(b'["a","<f8",[1000000000000],true]'))""",
        _WIRE,
        {
            "if type(size) is not int or not 0 <= size <= len(self.buffers):": "if False:",
            "RecursionError, OverflowError, MemoryError)": "RecursionError, OverflowError)",
        },
    ),
    _broken(
        "unfinished_frame",
        "A cell begins an answer to the grader and never ends it.",
        "send(b'!')\nwhile True:\n    time.sleep(1)",
        _WIRE,
        {"self.stream.settimeout(left)": "self.stream.settimeout(None)"},
    ),
    _broken(
        "slow_frame",
        "A cell answers the grader a byte at a time, slowly.",
        "for byte in frame(bytes(10**6)):\n    send(bytes([byte]))\n    time.sleep(0.5)",
        _WIRE,
        {"left = None if deadline is None else deadline - time.monotonic()": "left = 5.0"},
    ),
    _broken(
        "unasked_frames",
        "A cell sends a thousand answers that nobody has asked for.",
        "for _ in range(1000):\n    send(frame(b'null'))",
        _PROCESSES,
        {"except (WireError, TypeError, KeyError, AttributeError):": "except ZeroDivisionError:"},
    ),
]
