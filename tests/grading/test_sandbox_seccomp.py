"""The filter's verdict on every call, by a small machine that runs it; and the numbers' source."""

import re
from pathlib import Path

import pytest

from qutils.grading.sandbox import seccomp, syscalls

KILL, ALLOW, NOT_PERMITTED, UNKNOWN, PRETEND = 0x80000000, 0x7FFF0000, 0x50001, 0x50026, 0x50000
PID = 41

pytestmark = pytest.mark.skipif(syscalls.MACHINE is None, reason="not Linux on a known machine")


def verdict(number, *arguments, arch=None):
    """Run the filter as the kernel does, on one call."""
    arch = seccomp._AUDIT_ARCH[syscalls.MACHINE] if arch is None else arch
    words = {0: number, 4: arch}
    words |= {16 + 8 * index: value & 0xFFFFFFFF for index, value in enumerate(arguments)}
    accumulator, place, program = 0, 0, seccomp.program(PID)
    while True:
        code, if_true, if_false, k = program[place]
        place += 1
        if code == 0x20:
            accumulator = words.get(k, 0)
        elif code == 0x54:
            accumulator &= k
        elif code == 0x06:
            return k
        else:
            holds = {0x15: accumulator == k, 0x35: accumulator >= k}[code]
            place += if_true if holds else if_false


def test_a_program_for_another_machine_is_killed():
    read = syscalls.COMPUTING["read"]
    assert verdict(read) == ALLOW
    assert verdict(read, arch=0x40000003) == KILL  # 32-bit x86
    assert verdict(read | 0x40000000) == KILL  # x32


def test_every_number_has_the_verdict_of_its_group():
    groups = {ALLOW: syscalls.COMPUTING, PRETEND: syscalls.IGNORED}
    expected = {number: answer for answer, group in groups.items() for number in group.values()}
    bounded = set(syscalls.BOUNDED.values())
    for number in range(1000):
        if number not in bounded:
            default = NOT_PERMITTED if number <= 452 else UNKNOWN
            assert verdict(number) == expected.get(number, default), number


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("kill", (PID, 15), (PID + 1, 15)),
        ("kill", (PID, 0), (-1, 0)),
        ("kill", (PID, 0), (0, 0)),
        ("kill", (PID, 64), (PID, 9)),
        ("tgkill", (PID, 2, 6), (2, 2, 6)),
        ("tgkill", (PID, 2, 10), (PID, 2, 9)),
        ("clone", (0x3D0F00,), (0x11,)),  # a thread; a process
        ("clone", (0x3D0F00,), (0x3D0F00 | 0x10000000,)),  # a thread in a new user namespace
        ("socketpair", (1, 1, 0), (2, 1, 0)),
        ("socketpair", (1, 1 | 0o2000000, 0), (1, 2, 0)),
        ("ioctl", (0, 0x5401), (0, 0x5412)),  # what terminal is it; type into it
        ("ioctl", (0, 0x5421), (0, 0x541C)),  # do not block; type into a Linux console
        ("fcntl", (0, 3), (0, 8)),  # flags; who gets signals
        ("fcntl", (0, 1030), (0, 10)),  # a copy; which signal
        ("prctl", (15, 0), (22, 0)),  # a thread's name; another filter
        ("prlimit64", (0, 7), (PID + 1, 7)),
    ],
)
def test_arguments_decide(name, allowed, refused):
    number = syscalls.BOUNDED[name]
    assert verdict(number, *allowed) == ALLOW
    assert verdict(number, *refused) == NOT_PERMITTED


def test_the_newer_clone_is_unknown_so_that_the_older_one_is_used():
    assert verdict(syscalls.BOUNDED["clone3"]) == UNKNOWN


@pytest.mark.parametrize(
    ("column", "headers"),
    [
        (0, ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"]),
        (1, ["/usr/include/asm-generic/unistd.h"]),
    ],
)
def test_the_kernels_headers_give_the_same_numbers(column, headers, monkeypatch):
    header = next((path for path in map(Path, headers) if path.exists()), None)
    if header is None:
        pytest.skip("needs the headers of the kernel (linux-libc-dev)")
    theirs = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", header.read_text()))
    theirs |= {"newfstatat": theirs.get("newfstatat", theirs.get("fstatat"))}
    monkeypatch.setattr(syscalls, "MACHINE", column)
    tables = (syscalls._COMPUTING, syscalls._BOUNDED, syscalls._IGNORED, syscalls._OURS)
    ours = {name: n for table in tables for name, n in syscalls._numbers(table).items()}
    newest = max(int(number) for number in theirs.values() if number)
    known = {name: number for name, number in ours.items() if number <= newest}
    assert len(known) > 100
    assert known == {name: int(theirs[name]) for name in known}
