"""What the doctor finds on machines that allow more or less."""

import sys
from pathlib import Path

import confined
import outer
import pytest

from qutils.grading import doctor
from qutils.grading.sandbox import (
    UNSAFE,
    Confinement,
    Layer,
    UnsafeError,
    confinement,
    kernel,
    probe,
    remedies,
    require,
)


def examine(order):
    """Return the report of a machine on which some things are forbidden; it grades if it can."""
    if "user namespaces" in order:
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    for name in ("unshare", "landlock_create_ruleset", "seccomp"):
        if name in order:
            _forbid(name)
    found = {layer.name: [layer.active, layer.why, layer.remedy] for layer in doctor.report()}
    try:
        layers = sorted(require().active)
    except UnsafeError as error:
        return found | {"error": str(error)}
    source = "import os; open('f', 'w').write('x'); answer = os.listdir('.')"
    return found | {"answers": confined.answers({"layers": layers, "sources": [source]})}


def _forbid(name):
    import ctypes
    import struct

    number = kernel.OURS[name]
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x00050026), (6, 0, 0, 0x7FFF0000)]
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    kernel.call("prctl", 38, 1, 0, 0, 0)
    header = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(packed))
    kernel.call("prctl", 22, 2, header)


@pytest.mark.parametrize("as_root", [True, False], ids=["root", "ordinary user"])
def test_with_user_namespaces_every_layer_holds(as_root):
    found = outer.call("test_doctor:examine", [], as_root=as_root)
    assert found["answers"] == [["f"]]
    assert [found[name][0] for name in confined.ALL] == [True] * 4
    assert "watched" not in found["landlock"][1]


@pytest.mark.parametrize("as_root", [True, False], ids=["root", "ordinary user"])
def test_without_user_namespaces_the_floor_holds(as_root):
    found = outer.call("test_doctor:examine", ["unshare"], as_root=as_root)
    assert found["answers"] == [["f"]]
    assert not found["namespaces"][0]
    assert "unshare" in found["namespaces"][1]
    assert [found[name][0] for name in confined.FLOOR] == [True] * 3
    assert "watched" in found["landlock"][1]


def test_the_switch_that_is_off_is_named():
    found = outer.call("test_doctor:examine", ["user namespaces"])
    assert found["answers"] == [["f"]]
    assert found["namespaces"][2] == "Run: sudo sysctl user.max_user_namespaces=15000"


def test_without_landlock_namespaces_are_enough():
    found = outer.call("test_doctor:examine", ["landlock_create_ruleset"])
    assert not found["landlock"][0]
    assert found["answers"] == [["f"]]


@pytest.mark.parametrize("missing", [["unshare", "landlock_create_ruleset"], ["seccomp"]])
def test_without_a_sound_set_grading_refuses(missing):
    found = outer.call("test_doctor:examine", missing)
    assert "answers" not in found
    name = "seccomp" if "seccomp" in missing else "landlock"
    assert not found[name][0]
    assert found[name][2] in found["error"]


def test_another_system_than_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    faults = dict.fromkeys(("namespaces", "landlock", "seccomp"), "this is not Linux")
    layers = tuple(
        Layer(name, name not in faults, faults.get(name, ""), remedies.remedy(name))
        for name in confined.ALL
    )
    monkeypatch.setattr(confinement, "probe", lambda: Confinement(layers))
    with pytest.raises(UnsafeError, match="Linux, or in a Linux virtual machine"):
        require()


def test_unsafe_is_not_sound():
    assert not UNSAFE.sound
    assert UNSAFE.active == {"limits"}


def test_the_report_shows_every_layer_and_the_verdict():
    words = doctor.text(doctor.report())
    assert [line.split()[0] for line in words.splitlines() if " active " in line] == [
        layer.name for layer in probe().layers if layer.active
    ]
    assert ("can be graded" in words) == probe().sound
