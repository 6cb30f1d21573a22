"""The sandbox around the attacks holds, and lets through what the grader's own sandbox needs."""

import os
import sys
import time
from pathlib import Path

import outer
import pytest

# What has to stay visible although it may lie in a folder that is emptied.
KEPT = (outer.REPOSITORY, Path(sys.prefix), Path(sys.base_prefix))
LEFT_IN_TMP = sorted({path.parts[2] for path in KEPT if path.is_relative_to("/tmp")})


def probe(_):
    """Return what a process inside sees and may do."""
    seen = {"pid": os.getpid(), "user": os.getuid(), "tmp": sorted(os.listdir("/tmp"))}
    seen["interfaces"] = sorted(name for _, name in __import__("socket").if_nameindex())
    for place in ("/", "/usr", str(outer.REPOSITORY), "/etc/passwd", "/proc/sys/kernel/hostname"):
        try:
            with open(Path(place) / "made" if os.path.isdir(place) else place, "a"):
                seen[place] = "written"
        except OSError:
            seen[place] = "refused"
    return seen


def undo(_):
    """Return what becomes of an attempt to make the file system writable again."""
    return outer.libc.mount(None, b"/", None, 32 | outer.MS_BIND, None)


def nested(way):
    """Return what is seen in a sandbox within the sandbox."""
    return getattr(outer, way)("test_outer:probe", as_root=False)


def sleep(_):
    time.sleep(60)


def leave_a_daemon(_):
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
    return "left"


@pytest.mark.parametrize("as_root", [True, False])
def test_nothing_outside_can_be_written(as_root, tmp_path):
    seen = outer.call("test_outer:probe", as_root=as_root)
    assert seen["user"] == (0 if as_root else 1000)
    assert seen["tmp"] == LEFT_IN_TMP
    assert seen["interfaces"] == ["lo"]
    assert {value for key, value in seen.items() if key.startswith("/")} == {"refused"}


def test_mounts_are_locked():
    assert outer.call("test_outer:undo") == -1


@pytest.mark.parametrize("as_root", [True, False])
@pytest.mark.parametrize("way", ["call", "branch"])
def test_a_sandbox_fits_inside(way, as_root):
    seen = outer.call("test_outer:nested", way, as_root=as_root)
    assert seen["user"] == 1000
    assert seen["tmp"] == LEFT_IN_TMP


def test_the_wall_clock_ends_everything():
    with pytest.raises(outer.OuterTimeout, match=r"0\.5 s"):
        outer.call("test_outer:sleep", bounds=outer.Bounds(wall_seconds=0.5))


def test_daemons_die_with_it():
    started = time.monotonic()
    assert outer.call("test_outer:leave_a_daemon") == "left"
    assert time.monotonic() - started < 30


def test_another_text_takes_the_place_of_a_file():
    readme = outer.REPOSITORY / "README.md"
    assert outer.call("test_outer:read", str(readme), instead={readme: "changed"}) == "changed"


def read(path):
    return Path(path).read_text()
