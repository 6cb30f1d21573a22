"""Children of a template: alone, told apart by how they end, gone when they are killed."""

import gc
import json
import os
import signal
import time
from pathlib import Path

import confined
import numpy as np
import outer
import pytest

from qutils.grading.job import Limits
from qutils.grading.sandbox import UNSAFE, probe
from qutils.grading.template import Exit, Template, TemplateError

HERE = sorted(probe().active)


@pytest.fixture(scope="module")
def plain():
    with confined.warm(HERE) as found:
        yield found


@pytest.fixture(scope="module")
def numeric():
    with confined.warm(HERE, preload=("numpy",)) as found:
        yield found


def end_of(child, source):
    with pytest.raises(ConnectionError):
        confined.ask(child, source)
    return child.wait(120)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os; os._exit(0)", Exit("finished")),
        ("import os; os._exit(3)", Exit("finished", "exit code 3")),
        ("import ctypes; ctypes.string_at(0)", Exit("signal", "SIGSEGV")),
    ],
)
def test_ends_are_told_apart(plain, source, expected):
    with plain.fork() as child:
        assert end_of(child, source) == expected


def test_a_process_that_somebody_killed_is_told_apart_from_one_that_tried_to_kill_itself():
    found = outer.call("test_template:end_by_another")
    assert found == [["finished", "PermissionError"], ["killed", "from outside"]] * 2


def end_by_another(_):
    """Return how children end that kill themselves, and that another process kills, by layers."""
    ends = []
    for layers in (confined.ALL, confined.FLOOR):
        with confined.warm(layers) as found:
            with found.fork() as child:
                refused = confined.ask(child, "import os; os.kill(os.getpid(), 9)")
                child.socket.close()
                ends.append([child.wait(5).kind, refused.partition(":")[0]])
            with found.fork() as child:
                confined.ask(child, "answer = 1")
                os.kill(max(int(name) for name in os.listdir("/proc") if name.isdigit()), 9)
                end = child.wait(5)
                ends.append([end.kind, end.detail.partition(",")[0]])
    return ends


def test_an_entry_that_returns_has_finished(plain):
    with plain.fork() as child:
        child.socket.close()
        assert child.wait(5) == Exit("finished")


def test_an_error_of_memory_that_nobody_catches(plain):
    with plain.fork() as child:
        assert confined.ask(child, "it = MemoryError(); raise_it = True") is None
        assert child.wait(5).kind == "memory"


@pytest.mark.parametrize("layers", [("limits",), HERE])
def test_processor_time(layers):
    source = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    with confined.warm(layers, total_seconds=1) as found, found.fork() as child:
        assert end_of(child, source).kind == "cpu"


def test_memory_is_capped_and_the_child_lives_on(plain):
    with confined.warm(HERE, memory_bytes=64 << 20) as found, found.fork() as child:
        assert confined.ask(child, "x = bytes(128 << 20)") == "MemoryError: "
        assert confined.ask(child, "answer = len(bytes(16 << 20))") == 16 << 20
    with plain.fork() as child:
        assert confined.ask(child, "answer = len(bytes(128 << 20))") == 128 << 20


FILL = "for i in range(5): open(f'f{i}', 'wb').write(bytes(1 << 20))"
HIDE = """
import os, time
kept = []
for i in range(5):
    kept.append(open('f', 'wb'))
    kept[-1].write(bytes(1 << 20))
    os.unlink('f')
time.sleep(5)
"""


def test_disk_space_is_capped_by_namespaces():
    if "namespaces" not in HERE:
        pytest.skip("needs user namespaces")
    with confined.warm(HERE, disk_bytes=3 << 20) as found, found.fork() as child:
        assert confined.ask(child, FILL).startswith("OSError: [Errno 28]")
        assert confined.ask(child, "answer = len(open('f0', 'rb').read())") == 1 << 20


@pytest.mark.parametrize("source", [FILL + "\nimport time; time.sleep(5)", HIDE])
def test_disk_space_is_watched_without(source):
    with confined.warm(confined.FLOOR, disk_bytes=3 << 20) as found, found.fork() as child:
        assert end_of(child, source).kind == "disk"
    with confined.warm(confined.FLOOR, disk_bytes=9 << 20) as found, found.fork() as child:
        assert confined.ask(child, source.replace("time.sleep(5)", "time.sleep(0.2)")) is None


THREADS = """
import threading, time
for _ in range(COUNT): threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
time.sleep(0.5)
"""


@pytest.mark.parametrize("layers", [HERE, confined.FLOOR])
def test_threads_are_counted(layers):
    with confined.warm(layers, processes=8) as found:
        with found.fork() as child:
            assert confined.ask(child, THREADS.replace("COUNT", "3")) is None
        with found.fork() as child:
            try:
                refused = "can't start new thread" in (
                    confined.ask(child, THREADS.replace("COUNT", "30")) or ""
                )
            except ConnectionError:
                refused = child.wait(5).detail.endswith("threads")
            assert refused


def test_kill_ends_a_loop_that_ignores_signals(plain):
    with plain.fork() as child:
        child.socket.sendall(
            json.dumps(
                "import signal\n"
                "for n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
                "while True: pass"
            ).encode()
            + b"\n"
        )
        with pytest.raises(TimeoutError):
            child.wait(0.2)
        assert child.kill() == Exit("killed")
        assert child.kill() == Exit("killed")


def survivors(layers):
    """Return how many processes are left after the grader was killed, and how many there were."""
    here, there = os.pipe()
    grader = os.fork()
    if grader == 0:
        with confined.warm(layers) as found:
            child = found.fork()
            confined.ask(child, "answer = 1")
            child.socket.sendall(json.dumps("while True: pass").encode() + b"\n")
            os.write(there, b"x")
            time.sleep(60)
    os.read(here, 1)
    before = _processes()
    os.kill(grader, signal.SIGKILL)
    os.waitpid(grader, 0)
    deadline = time.monotonic() + 20
    while _processes() > before - 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    return [before, _processes()]


def _processes():
    return sum(name.isdigit() for name in os.listdir("/proc"))


@pytest.mark.parametrize("layers", [confined.ALL, confined.FLOOR, ("limits",)])
def test_nothing_survives_the_grader(layers):
    before, after = outer.call("test_template:survivors", layers)
    assert before - after == 4  # grader, template, keeper, child


def test_the_socket_is_the_only_descriptor(plain):
    with open(__file__) as another, plain.fork() as child:
        assert another.fileno() > 2
        source = (
            "import os\nanswer = []\n"
            "for number in range(1000):\n"
            "    try: os.fstat(number); answer.append(number)\n"
            "    except OSError: pass"
        )
        assert confined.ask(child, source) == [0, 1, 2, 3]


LEAVE = """
import json, os, sys, random, numpy as np
json.left = 1
os.environ["LEFT"] = "1"
sys.modules["left"] = json
open("left", "w").write("x")
np.seterr(all="raise")
np.random.seed(7); random.seed(7)
"""
LOOK = """
import json, os, sys, numpy as np
answer = [hasattr(json, "left"), "LEFT" in os.environ, "left" in sys.modules, os.listdir("."),
    np.geterr()["divide"]]
"""


def test_nothing_leaks_to_the_next(numeric):
    with numeric.fork() as child:
        confined.ask(child, LEAVE)
        assert confined.ask(child, LOOK) == [True, True, True, ["left"], "raise"]
    with numeric.fork() as child:
        assert confined.ask(child, LOOK) == [False, False, False, [], "warn"]


DRAW = "import random, numpy as np; answer = [random.random(), np.random.rand()]"


def test_random_numbers_are_each_childs_own(numeric):
    drawn = []
    for _ in range(2):
        with numeric.fork() as child:
            drawn.append(confined.ask(child, DRAW))
    assert drawn[0][0] != drawn[1][0]
    assert drawn[0][1] != drawn[1][1]
    generator = np.random.default_rng()
    assert _drawn_by_a_fork(generator) == _drawn_by_a_fork(generator)  # what a plain fork gives


def _drawn_by_a_fork(generator):
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(there, str(generator.random()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(there)
    with os.fdopen(here) as pipe:
        return pipe.read()


SEARCH = """
import gc
answer = any("MARK" + "ED" in str(o) for o in gc.get_objects() if type(o) is list and len(o) < 3)
"""


def test_the_memory_of_the_grader_is_not_there(plain):
    tests = ["assert f(1) == 'MARK" + "ED'"]
    found = {}
    exec(SEARCH, found)
    assert found["answer"], tests
    with plain.fork() as child:
        assert confined.ask(child, SEARCH) is False
        assert confined.ask(child, "kept = ['MARK' + 'ED']") is None
        assert confined.ask(child, SEARCH) is True


def test_hash_seeds_are_alike_in_two_templates():
    orders = []
    for _ in range(2):
        with confined.warm(HERE) as found, found.fork() as child:
            orders.append(confined.ask(child, "answer = list({'a', 'b', 'c', 'd', 'e'})"))
    assert orders[0] == orders[1]


def test_private_folders_are_removed():
    with confined.warm(confined.FLOOR) as found:
        with found.fork() as child:
            place = Path(confined.ask(child, "import os; answer = os.getcwd(); open('f', 'w')"))
            assert place.is_dir()
        assert not place.exists()
        assert place.parent.is_dir()
    assert not place.parent.exists()


def test_a_renewed_template_is_another_process():
    with confined.warm(HERE) as found, found.fork() as kept:
        assert confined.ask(kept, "x = 7") is None
        found.renew()
        assert confined.ask(kept, "answer = x") == 7
        with found.fork() as child:
            assert confined.ask(child, "answer = 'x' in globals()") is False


@pytest.mark.parametrize("entry", ["no_such_module:f", "json:no_such_function"])
def test_an_entry_that_is_not_there(entry):
    with (
        Template(entry, (), UNSAFE, Limits()) as found,
        pytest.raises(TemplateError, match="no_such"),
    ):
        found.fork()


def test_a_template_that_was_killed():
    with confined.warm(HERE) as found:
        os.kill(found._process.pid, signal.SIGKILL)
        found._process.wait()
        with pytest.raises(TemplateError, match="died"):
            found.fork()


def test_a_layer_that_cannot_be_put_on_is_no_fault_of_the_learner():
    found = outer.call("test_template:refused_without_namespaces")
    assert found[0] == "refused"
    assert "unshare" in found[1]


def refused_without_namespaces(_):
    """Return how a child ends whose template was allowed one user namespace, and it none."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    try:
        with confined.warm(["limits", "namespaces"]) as found, found.fork() as child:
            end = child.wait(5)
            return [end.kind, end.detail]
    except TemplateError as error:
        return ["refused", str(error)]


def test_the_garbage_of_a_template_is_frozen(plain):
    with plain.fork() as child:
        assert confined.ask(child, "import gc; answer = gc.get_freeze_count()") > 1000
    assert gc.get_freeze_count() == 0
