"""Attacks on what the learner's process says to the others; each control lacks one defence."""

from attacks.attack import Attack, fault

_SEND = """
import struct

def frame(text, claimed=0):
    return struct.pack(">IQ", len(text), claimed) + text

def send(content):
    for descriptor in range(3, 16):
        try:
            os.write(descriptor, content)
        except OSError:
            pass
"""
_WIRE = "qutils/grading/wire.py"
_TRUSTING = (_WIRE, "except (ValueError, TypeError, KeyError,", "except (ZeroDivisionError,")


def _broken(name: str, description: str, code: str, without: tuple[str, str, str]) -> Attack:
    return fault(name, description, _SEND + code, without=without)


ATTACKS = [
    _broken(
        "malformed_frame",
        "A cell answers the grader itself, with a frame of broken JSON.",
        "send(frame(b'[\"l\",'))",
        _TRUSTING,
    ),
    _broken(
        "deep_frame",
        "A cell answers the grader itself, with a hundred thousand nested lists.",
        "send(frame(b'[\"l\",' * 100000 + b']' * 100000))",
        (_WIRE, "KeyError, RecursionError,", "KeyError,"),
    ),
    _broken(
        "unfinished_frame",
        "A cell begins an answer to the grader and never ends it.",
        "import time\nsend(b'!')\nwhile True:\n    time.sleep(1)",
        (_WIRE, "self.stream.settimeout(left)", "self.stream.settimeout(None)"),
    ),
    _broken(
        "unasked_frames",
        "A cell sends a thousand answers that nobody has asked for.",
        "for _ in range(1000):\n    send(frame(b'null'))",
        (
            "qutils/grading/processes.py",
            "except (WireError, TypeError, KeyError, AttributeError):",
            "except ZeroDivisionError:",
        ),
    ),
]
