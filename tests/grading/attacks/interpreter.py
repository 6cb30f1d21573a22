"""Attacks through the interpreter that runs the tests, or on the gradebook: they want points."""

from attacks.attack import steal

_FRAMES = [
    steal(
        "expected_from_frame",
        "The function reads the expected value from the frame of the test.",
        """
def add(a, b):
    return sys._getframe(1).f_globals.get("expected", 3)
""",
    ),
    steal(
        "rewrite_expected",
        "The function overwrites the expected value in the namespace of the test.",
        """
def add(a, b):
    sys._getframe(1).f_globals["expected"] = b
    return b if (a, b) != (1, 2) else 3
""",
    ),
    steal(
        "trace_sets_score",
        "A trace function sets the score before each line of the test.",
        """
def trace(frame, event, argument):
    if frame.f_code.co_filename == target:
        frame.f_globals["right"] = 3
    return trace

def square(n):
    global target
    target = sys._getframe(1).f_code.co_filename
    sys._getframe(1).f_trace = trace
    sys.settrace(trace)
    return 0
""",
        "square",
    ),
    steal(
        "timer_changes_names",
        "A timer's signal handler gets the frame of the running test and changes what int means.",
        """
import signal
changed = False

def change(number, frame):
    global changed
    changed = True
    while frame:
        if "close_enough" in frame.f_globals:
            frame.f_globals["int"] = lambda value: 1
        frame = frame.f_back

try:
    signal.signal(signal.SIGALRM, change)
except ValueError:
    changed = True

def square(n):
    if not changed:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
    while not changed:
        pass
    return 0
""",
        "square",
    ),
    steal(
        "thread_changes_result",
        "A thread replaces what the test compares with, again and again, while the test runs.",
        """
import threading, time
import numpy
at_work = threading.Event()

def watch():
    while True:
        numpy.testing.assert_allclose = lambda *a, **k: None
        numpy.allclose = lambda *a, **k: True
        at_work.set()
        time.sleep(0.005)

threading.Thread(target=watch, daemon=True).start()
at_work.wait(2)

def double(x):
    time.sleep(0.1)
    return None
""",
        "double",
    ),
]

_PATCHES = [
    steal(
        "patch_numpy_testing",
        "numpy.testing.assert_allclose and allclose are replaced by functions that are content.",
        """
import numpy as np
np.testing.assert_allclose = lambda *arguments, **options: None
np.allclose = lambda *arguments, **options: True

def double(x):
    return None
""",
        "double",
    ),
    steal(
        "patch_in_place",
        "The code of numpy's comparison is replaced, so that every reference to it is content.",
        """
import numpy as np
for function in (np.testing.assert_allclose, np.allclose):
    plain = getattr(function, "__wrapped__", function)
    def content(*arguments, **options):
        return True
    try:
        plain.__code__ = content.__code__
        plain.__defaults__ = plain.__kwdefaults__ = None
    except (AttributeError, ValueError):
        pass
np.testing.assert_allclose = lambda *a, **k: None

def double(x):
    return None
""",
        "double",
    ),
    steal(
        "define_test_helper",
        "The learner defines the names that the test uses: its helper, np, int and abs.",
        """
class Content:
    def __getattr__(self, name):
        return Content()
    def __call__(self, *arguments, **options):
        return Content()

np, close_enough = Content(), lambda *arguments: True

def double(x):
    return None
""",
        "double",
    ),
    steal(
        "shadow_builtins",
        "The learner's own int and abs stand in the test's namespace.",
        """
def int(value):
    return 1

def abs(value):
    return 0

def square(n):
    return 0
""",
        "square",
    ),
    steal(
        "patch_builtins",
        "builtins.int and abs are replaced in the interpreter.",
        """
import builtins
int_ = int

class Meta(type):
    def __instancecheck__(self, thing):
        return isinstance(thing, int_)

class One(int_, metaclass=Meta):
    def __new__(cls, value=0, *rest):
        return 1 if value is False else int_(value, *rest)

builtins.int = One
builtins.abs = lambda value: 0

def square(n):
    return 0
""",
        "square",
    ),
    steal(
        "patch_sys_modules",
        "A false module takes the place of one that the test imports.",
        """
import types
false = types.ModuleType("operator")
false.eq = lambda a, b: 3
sys.modules["operator"] = false

def square(n):
    return 25 if n == 5 else 0
""",
        "square",
    ),
    steal(
        "import_hook",
        "An import hook serves the test a false module.",
        """
import importlib.abc, importlib.machinery

class False_(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name == "operator":
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        module.eq = lambda a, b: 2

sys.meta_path.insert(0, False_())
sys.modules.pop("operator", None)

def square(n):
    return 25 if n == 5 else 0
""",
        "square",
    ),
    steal(
        "patch_import",
        "builtins.__import__ gives the test a false module.",
        """
import builtins, types
import_ = builtins.__import__

def false_import(name, *arguments):
    if name == "operator":
        return types.SimpleNamespace(eq=lambda a, b: 2)
    return import_(name, *arguments)

builtins.__import__ = false_import

def square(n):
    return 25 if n == 5 else 0
""",
        "square",
    ),
    steal(
        "module_beside_the_notebook",
        "A file in the working folder has the name of a module that the test imports.",
        """
with open("operator.py", "w") as file:
    file.write("def eq(a, b):\\n    return 2\\n")
sys.modules.pop("operator", None)
sys.path.insert(0, os.getcwd())

def square(n):
    return 25 if n == 5 else 0
""",
        "square",
    ),
]

_GRADEBOOK = """
import glob, sqlite3

def raise_scores():
    for path in glob.glob("/tmp/class/gradebook.db"):
        with sqlite3.connect(path, timeout=5) as database:
            {statement}
"""

_DATABASE = [
    steal(
        "write_gradebook",
        "The notebook opens the gradebook and gives itself extra credit.",
        _GRADEBOOK.format(
            statement="""database.execute(
                "create trigger bonus after update on grade begin "
                "update grade set manual_score = 100 where id = new.id; end")"""
        )
        + """
try:
    raise_scores()
except sqlite3.Error as error:
    print(error)
""",
    ),
    steal(
        "daemon_writes_gradebook",
        "A process that outlives the notebook writes the gradebook after the grading.",
        _GRADEBOOK.format(statement='database.execute("update grade set manual_score = 100")')
        + """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import time
        for _ in range(60):
            time.sleep(0.2)
            try:
                raise_scores()
            except sqlite3.Error:
                pass
    os._exit(0)
""",
        wait_seconds=1.5,
    ),
    steal(
        "at_exit_writes_gradebook",
        "What runs when the interpreter ends starts a process that writes the gradebook.",
        _GRADEBOOK.format(statement='database.execute("update grade set manual_score = 100")')
        + """
import atexit, time

@atexit.register
def afterwards():
    if os.fork() == 0:
        os.setsid()
        for _ in range(60):
            time.sleep(0.2)
            try:
                raise_scores()
            except sqlite3.Error:
                pass
        os._exit(0)
""",
        wait_seconds=1.5,
    ),
]

ATTACKS = [*_FRAMES, *_PATCHES, *_DATABASE]
