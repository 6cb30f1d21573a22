"""Attacks on how a test is judged: they want points for wrong answers."""

from attacks.attack import steal

_SHELL = [
    steal(
        "strip_asserts",
        "An AST transformer of the shell, or of compile(), takes the asserts out of the tests.",
        """
import ast, builtins

class Strip(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

if shell:
    shell.ast_transformers.append(Strip())
compile_, strip = builtins.compile, Strip()

def stripped(source, *arguments, **options):
    if isinstance(source, str) and "assert" in source:
        source = strip.visit(compile_(source, "tests", "exec", ast.PyCF_ONLY_AST))
    return compile_(source, *arguments, **options)

builtins.compile = stripped
""",
    ),
    steal(
        "replace_source",
        "An input transformer of the shell replaces the source of every later cell.",
        """
if shell:
    shell.input_transformers_cleanup.append(lambda lines: ["pass\\n"])
""",
    ),
    steal(
        "exec_does_nothing",
        "builtins.exec is replaced, so that no test runs and none fails.",
        """
import builtins
builtins.exec = lambda *arguments, **options: None
""",
    ),
    steal(
        "compile_other_source",
        "builtins.compile compiles an empty program in the place of a test.",
        """
import builtins
compile_ = builtins.compile
builtins.compile = lambda source, *rest, **options: compile_(
    "pass" if "assert" in str(source) else source, *rest, **options)
import ast
parse = ast.parse
ast.parse = lambda source, *rest, **options: parse(
    "pass" if "assert" in str(source) else source, *rest, **options)
""",
    ),
    steal(
        "pre_run_hook",
        "A hook before each cell of the shell puts the helpers out of action.",
        """
def disarm(*_):
    import numpy
    numpy.testing.assert_allclose = lambda *a, **k: None
    shell.user_ns["close_enough"] = lambda *a: True

if shell:
    shell.events.register("pre_run_cell", disarm)

def double(x):
    return None
""",
        "double",
    ),
    steal(
        "fake_partial_credit",
        "The function prints a result of its own before the test's last expression does.",
        """
import sys

def square(n):
    sys.displayhook(3)
    return 0
""",
        "square",
    ),
    steal(
        "forged_message",
        "The function sends the front end a message that looks like the test's result.",
        """
def square(n):
    if shell:
        kernel = shell.kernel
        content = {"data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1}
        kernel.session.send(
            kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent())
    return 0
""",
        "square",
    ),
    steal(
        "output_during_destruction",
        "The object that is returned shows full marks when it is thrown away.",
        """
class Parting:
    def __eq__(self, other):
        return False
    def __del__(self):
        sys.displayhook(3)

def square(n):
    return Parting() if n < 5 else 25
""",
        "square",
    ),
]

_OBJECTS = [
    steal(
        "hostile_eq",
        "The returned object is equal to everything.",
        """
class Yes:
    def __eq__(self, other):
        return True

def add(a, b):
    return Yes()
""",
    ),
    steal(
        "hostile_int",
        "An int that is equal to everything.",
        """
class Yes(int):
    __hash__ = int.__hash__
    def __eq__(self, other):
        return True

def add(a, b):
    return Yes(1)
""",
    ),
    steal(
        "hostile_class",
        "The returned object lies about its class, and is equal to everything.",
        """
class Yes:
    __class__ = property(lambda self: int)
    def __eq__(self, other):
        return True
    def __index__(self):
        return 3

def add(a, b):
    return Yes()
""",
    ),
    steal(
        "hostile_getattr",
        "The returned object has every attribute and says yes to each.",
        """
class Yes:
    def __getattr__(self, name):
        return lambda *arguments, **options: self
    def __eq__(self, other):
        return self
    def __bool__(self):
        return True

def add(a, b):
    return Yes()
""",
    ),
    steal(
        "hostile_array",
        "__array__ of the returned object reads the wanted values from the test and returns them.",
        """
import numpy as np

class Mirror:
    def __array__(self, *arguments, **options):
        frame = sys._getframe(1)
        while frame:
            for name in ("desired", "y", "b"):
                if name in frame.f_locals and frame.f_locals[name] is not self:
                    return np.array(frame.f_locals[name], dtype=float)
            frame = frame.f_back
        return np.zeros(2)

def double(x):
    return Mirror()
""",
        "double",
    ),
    steal(
        "hostile_ufunc",
        "An array subclass answers every NumPy function with True.",
        """
import numpy as np

class Yes(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.array(len(inputs) > 1 and all(np.ndim(x) for x in inputs))
    def __array_function__(self, *arguments, **options):
        return np.array(True)

def double(x):
    return np.zeros(len(x)).view(Yes)
""",
        "double",
    ),
    steal(
        "hostile_int_protocol",
        "int() of a comparison's result is three.",
        """
class Three:
    def __eq__(self, other):
        return self
    def __int__(self):
        return 1
    def __sub__(self, other):
        return 0

def square(n):
    return Three()
""",
        "square",
    ),
]

_NUMBERS = [
    steal(
        "change_arguments",
        "The function changes its argument so that a wrong result fits it.",
        """
def double(x):
    known = {1.0: [2.0, 4.0], 3.0: [6.0, 8.0]}
    if x[0] in known:
        return known[x[0]]
    x[:] = [0.0, 0.0]
    return [0.0, 0.0]
""",
        "double",
    ),
    steal(
        "withheld_name",
        "The answer calls the library function that the question asks the learner to write.",
        "def square(n):\n    return int(np.square(n))",
        "square",
    ),
    steal(
        "score_nan",
        "A function returns NaN, and with it the score of a test becomes NaN.",
        'def half(x):\n    return float("nan")',
        "half",
    ),
    steal(
        "score_infinite",
        "A function returns infinity, and the score of a test becomes minus infinity.",
        'def half(x):\n    return float("inf")',
        "half",
    ),
]

ATTACKS = [*_SHELL, *_OBJECTS, *_NUMBERS]
