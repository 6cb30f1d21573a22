"""Attacks on what the learner's process says to the others; each control lacks one defence."""

from attacks.attack import Attack, fault

_SEND = """
import struct

def frame(text, claimed=0, kind=b"!"):
    return struct.pack(">cIQ", kind, len(text), claimed) + text

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
        "The function answers its call with a frame of broken JSON.",
        "def double(x):\n    send(frame(b'[\"l\",'))",
        _TRUSTING,
    ),
    _broken(
        "deep_frame",
        "The function answers its call with a hundred thousand nested lists.",
        "def double(x):\n    send(frame(b'[\"l\",' * 100000 + b']' * 100000))",
        _TRUSTING,
    ),
    _broken(
        "impossible_array",
        "The function answers its call with an array of a trillion elements.",
        'def double(x):\n    send(frame(b\'["a","<f8",[1000000000000],true]\'))',
        (_WIRE, "if type(size) is not int or not 0 <= size <= len(self.buffers):", "if False:"),
    ),
    _broken(
        "giant_frame",
        "The function answers its call with a frame that never ends.",
        """
def double(x):
    send(frame(b"", claimed=1 << 60))
    while True:
        send(bytes(1 << 20))
""",
        (_WIRE, "_PREFIX.size + text_bytes + buffer_bytes > frame_bytes", "False"),
    ),
    _broken(
        "slow_frame",
        "The function answers its call with one byte a second.",
        """
import time

def double(x):
    for byte in frame(bytes(1000)):
        send(bytes([byte]))
        time.sleep(1)
""",
        (_WIRE, "self.stream.settimeout(left)", "self.stream.settimeout(None)"),
    ),
    _broken(
        "unasked_frames",
        "A cell sends a thousand answers that nobody has asked for.",
        "for _ in range(1000):\n    send(frame(b'null'))\n\ndef double(x):\n    return None",
        _TRUSTING,
    ),
]
