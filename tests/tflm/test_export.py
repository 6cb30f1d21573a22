"""A generated program, compiled on this machine against declarations of what it calls.

In ``stubs/playback`` they are a stub interpreter: it plays back a script that this test writes, and
writes down what the program gave to it; so everything the program holds can be compared with the
model.  With those of ``stubs/real`` the program runs on TFLite Micro itself, as the library of the
Python package ``tflite-micro`` holds it.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from oracle import ask, require_oracle
from random_nets import network

from qutils import nets
from qutils.convert import to_tflite
from qutils.errors import ExportError, InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Model, plan_arena
from qutils.tflm.example import tiny_model
from qutils.tflm.export import TARGETS, export, golden_runs, identifier, resolver_method
from qutils.tflm.graph import DTYPES
from qutils.tflm.kernels import KERNELS

STUBS = Path(__file__).parent / "stubs"
PLAYBACK = STUBS / "playback"
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
TFLITE_TYPES = {"FLOAT32": 1, "INT32": 2, "BOOL": 6, "INT16": 7, "INT8": 9}


# Models: every kind of input, output and state that a program must hold.


def several_inputs_and_outputs() -> bytes:
    """Two int8 inputs of different sizes and scales, two outputs, one of them the sum."""
    tensors = (
        T((1, 2, 3), scale=0.5, zero_point=-7, name="left"),
        T((1, 1, 3), scale=0.25, zero_point=100, name='bad "name" */ \\'),
        T((1, 2, 3), scale=0.6, zero_point=3, name="sum"),
        T((1, 2, 3), scale=0.5, zero_point=-7, name="positive"),
    )
    operators = (
        Op("ADD", (0, 1), (2,), {"activation": "NONE"}),
        Op("RELU", (0,), (3,)),
    )
    return Graph(tensors, operators, (0, 1), (2, 3)).to_bytes()


def mixed_types() -> bytes:
    """float32 in, int8 and int16 out, without a scale where there is none."""
    tensors = (
        T((1, 40), "FLOAT32", name="x"),
        T((1, 40), scale=0.01, zero_point=-128),
        T((1, 40), "INT16", scale=0.0001),
    )
    operators = (Op("QUANTIZE", (0,), (1,)), Op("QUANTIZE", (0,), (2,)))
    return Graph(tensors, operators, (0,), (1, 2)).to_bytes()


def float_sum() -> bytes:
    tensors = (T((2, 2), "FLOAT32"), constant([[1e-7, 3e30], [-0.1, 0]], "FLOAT32"))
    output = T((2, 2), "FLOAT32")
    return Graph((*tensors, output), (Op("ADD", (0, 1), (2,)),), (0,), (2,)).to_bytes()


def window_with_state() -> bytes:
    """Return the last three rows that came in; at first they are those of another subgraph."""
    rows = {"scale": 0.5, "zero_point": 1}
    handle = T((), "RESOURCE")
    name = {"shared_name": "window"}
    first = Graph(
        (handle, constant([[1, 2], [3, 4], [5, 6]], **rows)),
        (Op("VAR_HANDLE", (), (0,), name), Op("ASSIGN_VARIABLE", (0, 1), ())),
        (),
        (),
    )
    tensors = (
        handle,
        T((1, 2), **rows),
        T((3, 2), **rows),
        T((4, 2), **rows),
        constant([1, 0], "INT32"),
        constant([3, 2], "INT32"),
        T((3, 2), **rows),
    )
    operators = (
        Op("CALL_ONCE", (), (), {"init_subgraph_index": 1}),
        Op("VAR_HANDLE", (), (0,), name),
        Op("READ_VARIABLE", (0,), (2,)),
        Op("CONCATENATION", (2, 1), (3,), {"axis": 0}),
        Op("SLICE", (3, 4, 5), (6,)),
        Op("ASSIGN_VARIABLE", (0, 6), ()),
    )
    return Graph(tensors, operators, (1,), (6,), called=(first,)).to_bytes()


def no_inputs() -> bytes:
    """Return a constant, which TFLM computes all the same."""
    tensors = (constant([-3, 5], scale=0.5), T((2,), scale=0.5))
    return Graph(tensors, (Op("RELU", (0,), (1,)),), (), (1,)).to_bytes()


@cache
def trained(name: str) -> bytes:
    images = np.random.default_rng(0).random((16, 28, 28, 1), np.float32)
    return to_tflite(nets.load(name), "int8", images)


MODELS = {
    "tiny": lambda: tiny_model().content,
    "several": several_inputs_and_outputs,
    "mixed": mixed_types,
    "float": float_sum,
    "state": window_with_state,
    "no inputs": no_inputs,
    "random net": lambda: network(3).graph().to_bytes(),
    "random net, all outputs": lambda: network(5).graph(all_outputs=True).to_bytes(),
    "net A": lambda: trained("net_a"),
    "net B": lambda: trained("net_b"),
}


# Compiling and running.


@pytest.fixture(scope="module")
def compiler() -> str:
    if path := shutil.which("g++"):
        return path
    pytest.skip("no g++ on this machine (Debian: apt-get install g++)")


def compile_project(
    compiler: str, folder: Path, program: Path, *options: str, library: Path = PLAYBACK
) -> None:
    """Compile what `export` wrote, without a single warning."""
    sources = sorted(folder.rglob("*.cpp"))
    for sketch in folder.rglob("*.ino"):
        # The Arduino builder puts this include in front of a sketch.
        sources.append(sketch.with_name("sketch_as_built.cpp"))
        sources[-1].write_text(f'#include <Arduino.h>\n#include "{sketch.name}"\n')
    folders = [f"-I{STUBS}", f"-I{library}"]
    command = [compiler, "-std=c++17", *FLAGS, *options, *folders, *sources, "-o", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@dataclass
class Program:
    """A compiled project with the script that the stub interpreter plays back."""

    path: Path
    model: Model
    allocation: str = "ok"
    invocation: str = "ok"
    input_bytes_off: int = 0
    type_off: int = 0

    def script(self, runs: list[list[np.ndarray]]) -> str:
        """Return the answers of the stub: sizes and types of tensors, then outputs per run."""
        graph = self.model.main
        words = [len(self.model.content), self.allocation]
        for tensors, off in ((graph.inputs, self.input_bytes_off), (graph.outputs, 0)):
            words.append(len(tensors))
            for tensor in tensors:
                words += [TFLITE_TYPES[tensor.type] + self.type_off, tensor.size_bytes + off]
        for run in runs:
            words.append(self.invocation)
            for array in run[len(graph.inputs) :]:
                words += list(array.tobytes())
        return "\n".join(str(word) for word in words)

    def run(self, runs: list[list[np.ndarray]]) -> tuple[str, list[list[str]]]:
        """Return what the program printed, and what the stub wrote down in words."""
        script, log = self.path.with_suffix(".script"), self.path.with_suffix(".log")
        # The golden runs, and one more that Example() asks for.
        script.write_text(self.script([*runs, runs[0]]))
        environment = os.environ | {"STUB_SCRIPT": str(script), "STUB_LOG": str(log)}
        done = subprocess.run([self.path], capture_output=True, text=True, env=environment)
        assert done.stderr == ""
        return done.stdout, [line.split() for line in log.read_text().splitlines()]


def build(compiler, tmp_path, content: bytes, target: str, *options: str, **keywords) -> Program:
    model = Model.from_bytes(content)
    export(model, target, tmp_path / "project", name="net", **keywords)
    compile_project(compiler, tmp_path / "project", tmp_path / "program", *options)
    return Program(tmp_path / "program", model)


@pytest.fixture(scope="module")
def several(compiler, tmp_path_factory) -> Program:
    return build(compiler, tmp_path_factory.mktemp("p"), several_inputs_and_outputs(), "c-array")


def logged(log: list[list[str]], what: str) -> list[str]:
    return [(words[1:] or [""])[0] for words in log if words[0] == what]


@pytest.mark.parametrize("name", MODELS)
def test_the_program_holds_the_model_and_passes(compiler, tmp_path, name):
    program = build(compiler, tmp_path, MODELS[name](), "c-array", seed=5)
    model = program.model
    runs = golden_runs(model, 5)
    printed, log = program.run(runs)

    assert bytes.fromhex(logged(log, "model")[0]) == model.content
    assert logged(log, "model_aligned") == ["1"]
    assert logged(log, "arena_aligned") == ["1"]
    operators = {resolver_method(o.name) for g in model.subgraphs for o in g.operators}
    assert logged(log, "operator") == sorted(operators)
    assert logged(log, "operator_count") == [str(len(operators))]
    least = plan_arena(model).min_arena_bytes
    arena = int(logged(log, "arena")[0])
    assert arena % 16 == 0
    assert least + max(2048, least // 4) <= arena < least + max(2048, least // 4) + 16

    inputs = len(model.main.inputs)
    given = [bytes.fromhex(text) for text in logged(log, "input")]
    assert given[: len(runs) * inputs] == [a.tobytes() for run in runs for a in run[:inputs]]
    # Example() asks for the real number 0.
    for content, tensor in zip(given[len(runs) * inputs :], model.main.inputs, strict=True):
        zero = tensor.quantization.zero_point[0] if tensor.quantization else 0
        assert (np.frombuffer(content, DTYPES[tensor.type]) == zero).all()

    lines = printed.splitlines()
    elements = len(runs) * sum(tensor.size for tensor in model.main.outputs)
    assert lines[0] == f"Arena: 1234 of {arena} bytes used"
    assert lines[1] == f"PASS: {elements} output elements are as computed by qutils"
    shown = [text.split(":")[1].split()[:16] for text in lines[2:]]
    for words, tensor, array in zip(shown, model.main.outputs, runs[0][inputs:], strict=True):
        real = array.astype(np.float64)
        if tensor.quantization and tensor.type != "FLOAT32":
            real = tensor.quantization.scale[0] * (real - tensor.quantization.zero_point[0])
        values = [float(word) for word in words if word != "..."]
        np.testing.assert_allclose(values, real.ravel()[: len(values)], rtol=1e-6)


@pytest.mark.parametrize(
    ("target", "option"),
    [
        ("arduino", "-std=c++14"),
        ("arduino", "-DSTUB_NEW_NAMES"),
        ("esp-idf", "-std=c++20"),
        ("c-array", "-std=c++14"),
        ("c-array", "-DSTUB_NEW_NAMES"),
    ],
)
def test_every_target_passes(compiler, tmp_path, target, option):
    """In the dialects of the boards' compilers, and with the library's old and new names."""
    program = build(compiler, tmp_path, several_inputs_and_outputs(), target, option)
    printed, log = program.run(golden_runs(program.model, 0))
    assert "PASS: 72 output elements" in printed
    assert logged(log, "operator") == ["AddAdd", "AddRelu"]


def test_one_wrong_byte_fails_and_is_named(several):
    runs = golden_runs(several.model, 0)
    expected = int(runs[2][3].flat[4])
    runs[2][3].flat[4] ^= 1
    runs[4][3].flat[0] ^= 1
    printed, _ = several.run(runs)
    lines = printed.splitlines()
    got = expected ^ 1
    assert lines[1] == f"FAIL: run 2, output 1, element 4: expected {expected}, got {got}"
    assert lines[2] == "FAIL: 2 of 72 output elements differ, by at most 1"
    assert len(lines) == 3


def test_real_numbers_have_a_tolerance_and_nan_none(compiler, tmp_path):
    """An output of 3e30 may differ by a ten-thousandth of it, one of -0.1 by 1.1e-4."""
    program = build(compiler, tmp_path, float_sum(), "c-array")
    runs = golden_runs(program.model, 0)
    runs[1][1].flat[1] *= np.float32(1.00009)
    runs[1][1].flat[2] += np.float32(1e-4)
    assert "PASS" in program.run(runs)[0]
    runs[1][1].flat[1] *= np.float32(1.0001)
    assert "FAIL: run 1, output 0, element 1" in program.run(runs)[0]
    runs[0][1].flat[3] = np.nan
    assert "FAIL: run 0, output 0, element 3" in program.run(runs)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"allocation": "no"}, "FAIL: AllocateTensors; if the arena is too small"),
        ({"invocation": "no"}, "FAIL: Invoke"),
        ({"input_bytes_off": 1}, "FAIL: type or size of input 0 is not that of model.h"),
        ({"type_off": 1}, "FAIL: type or size of output 1 is not that of model.h"),
    ],
)
def test_what_else_can_go_wrong_is_said(several, change, message):
    printed, _ = replace(several, **change).run(golden_runs(several.model, 0))
    assert message in printed
    assert "PASS" not in printed


# A process of its own, because TFLite Micro stops the process where it disagrees.
RUN_ON_THE_REAL_INTERPRETER = """
import ctypes, os, sys
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
from tflite_micro.python.tflite_micro import runtime
sys.exit(ctypes.CDLL(sys.argv[1]).run())
"""


def run_on_the_real_interpreter(compiler: str, content: bytes, folder: Path) -> str:
    """Return what the program printed; it is a library, so that Python can load TFLM first."""
    export(Model.from_bytes(content), "c-array", folder / "project", name="net")
    main = folder / "project" / "main.cpp"
    main.write_text(main.read_text().replace("int main()", 'extern "C" int run()'))
    library = folder / "library.so"
    options = ("-shared", "-fPIC")
    compile_project(compiler, folder / "project", library, *options, library=STUBS / "real")
    command = [sys.executable, "-c", RUN_ON_THE_REAL_INTERPRETER, library]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["several", "state", "mixed", "random net", "net A"])
def test_the_program_passes_on_the_real_interpreter(compiler, tmp_path, name):
    """In the arena that it has, although pointers take twice the bytes here."""
    require_oracle()
    assert "\nPASS: " in run_on_the_real_interpreter(compiler, MODELS[name](), tmp_path)


READ_BACK = """
#include <cstdio>
#include <typeinfo>
#include "golden.h"
#include "network.h"
using namespace net_model;
template <typename T> void Show(const char* word) {
  std::printf("%s %zu %d %zu %d %a %d", word, T::kSize, int{T::kTfLiteType},
              sizeof(typename T::Type), int{T::kQuantized}, double{T::kScale}, int{T::kZeroPoint});
  const float steps[] = {0.F, 0.5F, -0.5F, 1.49F, -2.5F, 1e9F, -1e9F};
  for (float step : steps) {
    const auto stored = Quantize<T>(step * T::kScale);
    std::printf(" %d", static_cast<int>(stored));
    if (Dequantize<T>(stored) != T::kScale * static_cast<float>(stored - T::kZeroPoint)) return;
  }
  std::puts("");
}
int main() {
  std::printf("%zu %zu\\n", kModelSize, sizeof(kModel));
  std::printf("%zu %zu %zu\\n", sizeof(kGoldenInput0), sizeof(kGoldenInput1), kGoldenRuns);
  Show<Input0>("Input0"); Show<Input1>("Input1"); Show<Output0>("Output0");
}
"""


def test_constants_are_those_of_the_tensors(compiler, tmp_path):
    model = Model.from_bytes(several_inputs_and_outputs())
    out = tmp_path / "project"
    export(model, "c-array", out, name="net")
    for name in ("main.cpp", "network.cpp"):
        (out / name).unlink()
    (out / "main.cpp").write_text(READ_BACK)
    compile_project(compiler, out, tmp_path / "program")
    lines = subprocess.check_output([tmp_path / "program"], text=True).splitlines()
    assert lines[0].split() == [str(model.size_bytes)] * 2
    assert lines[1] == f"{6 * 6} {6 * 3} 6"
    # 0.5 steps round away from zero, 1e9 saturates: zero point -7, 100 and 3.
    assert lines[2] == "Input0 6 9 1 1 0x1p-1 -7 -7 -6 -8 -6 -10 127 -128"
    assert lines[3] == "Input1 3 9 1 1 0x1p-2 100 100 101 99 101 97 127 -128"
    words = lines[4].split()
    assert float.fromhex(words.pop(5)) == np.float32(0.6)
    assert " ".join(words) == "Output0 6 9 1 1 3 3 4 2 4 0 127 -128"


@pytest.mark.parametrize("name", ["several", "state", "random net", "net A", "net B"])
def test_golden_values_are_those_of_the_real_interpreter(name):
    content = MODELS[name]()
    model = Model.from_bytes(content)
    runs = golden_runs(model, 1)
    inputs = len(model.main.inputs)
    answer = ask(content, [run[:inputs] for run in runs])
    for run, outputs in zip(runs, answer.outputs, strict=True):
        for ours, theirs in zip(run[inputs:], outputs, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_state_goes_from_one_golden_run_to_the_next():
    runs = golden_runs(Model.from_bytes(window_with_state()), 0)
    rows = np.concatenate([[[3, 4], [5, 6]], *(run[0] for run in runs)])
    for number, (_, window) in enumerate(runs):
        np.testing.assert_array_equal(window, rows[number : number + 3])


def test_variables_are_given_to_the_interpreter(compiler, tmp_path):
    program = build(compiler, tmp_path, window_with_state(), "c-array", "-DSTUB_NEW_NAMES")
    printed, log = program.run(golden_runs(program.model, 0))
    assert "PASS: 36 output elements" in printed
    assert logged(log, "variables") == ["1"]


def test_golden_inputs_reach_both_ends_and_do_not_repeat():
    model = Model.from_bytes(several_inputs_and_outputs())
    runs = golden_runs(model, 0)
    left = [run[0] for run in runs]
    assert len(runs) == 6
    assert [set(array.flat) for array in left[2:5]] == [{-7}, {-128}, {127}]
    assert len({array.tobytes() for array in left}) == 6
    assert golden_runs(model, 1)[0][0].tobytes() != left[0].tobytes()
    assert golden_runs(model, 0)[0][0].tobytes() == left[0].tobytes()


def test_large_inputs_have_two_golden_runs():
    tensors = (T((1, 200, 200), scale=0.5), T((1, 200, 200), scale=0.5))
    content = Graph(tensors, (Op("RELU", (0,), (1,)),), (0,), (1,)).to_bytes()
    assert len(golden_runs(Model.from_bytes(content), 0)) == 2


def test_real_models_are_exported_whole(shared_models, tmp_path):
    """Every model that the emulator runs: array, arena and golden outputs, read from the text."""
    exported = 0
    for path in sorted(shared_models.rglob("*.tflite")):
        try:
            model = Model.from_file(path)
        except (InvalidModelError, UnsupportedOperatorError):
            continue
        out = tmp_path / path.stem
        export(model, "c-array", out, name=path.stem)
        array = re.findall(r"0x([0-9a-f]{2}),", (out / "model.cpp").read_text())
        assert bytes.fromhex("".join(array)) == model.content
        runs = golden_runs(model, 0)
        inputs = len(model.main.inputs)
        answer = ask(model.content, [run[:inputs] for run in runs])
        if model.main.outputs[0].type != "FLOAT32":
            for run, outputs in zip(runs, answer.outputs, strict=True):
                np.testing.assert_array_equal(run[inputs], outputs[0])
        exported += 1
    assert exported >= 5


@pytest.mark.parametrize("name", ["hello_world_int8", "kws_int8", "sine_float"])
def test_programs_of_real_models_pass(compiler, shared_models, tmp_path, name):
    content = (shared_models / f"{name}.tflite").read_bytes()
    program = build(compiler, tmp_path, content, "arduino", board="nano33ble")
    assert "PASS" in program.run(golden_runs(program.model, 0))[0]


# The rest of the project.


def test_every_operator_has_its_resolver_method():
    """The methods are those of TFLM's header, listed with the stubs."""
    known = set(re.findall(r"STUB_ADD\((\w+)\)", (STUBS / "resolver_methods.inc").read_text()))
    assert {resolver_method(name) for name in KERNELS} <= known
    assert len({resolver_method(name) for name in KERNELS}) == len(KERNELS)


FILES = {
    "arduino": """README.md net/golden.cpp net/golden.h net/model.cpp net/model.h net/net.ino
        net/network.cpp net/network.h""",
    "esp-idf": """CMakeLists.txt README.md main/CMakeLists.txt main/golden.cpp main/golden.h
        main/idf_component.yml main/main.cpp main/model.cpp main/model.h main/network.cpp
        main/network.h sdkconfig.defaults""",
    "c-array": "README.md golden.cpp golden.h main.cpp model.cpp model.h network.cpp network.h",
}


@pytest.mark.parametrize("target", TARGETS)
def test_files_are_complete_and_the_same_each_time(tmp_path, target):
    first = export(tiny_model(), target, tmp_path / "first", name="net")
    second = export(tiny_model(), target, tmp_path / "second", name="net")
    assert [str(p.relative_to(tmp_path / "first")) for p in first] == FILES[target].split()
    assert sorted(p for p in (tmp_path / "first").rglob("*") if p.is_file()) == first
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    for path in first:
        text = path.read_text()
        assert "$" not in text.replace("$ENV{IDF_PATH}", "")
        assert max(map(len, text.splitlines())) <= 100 or path.suffix == ".md"
    # Unlike a temporary folder, it can be read by those who may read its neighbours.
    (tmp_path / "other").mkdir()
    assert (tmp_path / "first").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_cmake_lists_every_source(tmp_path):
    export(tiny_model(), "esp-idf", tmp_path / "p", name="net")
    main = tmp_path / "p" / "main"
    listed = re.findall(r"\w+\.cpp", (main / "CMakeLists.txt").read_text())
    assert sorted(listed) == sorted(path.name for path in main.glob("*.cpp"))


def test_the_board_is_named_with_its_margins(tmp_path):
    export(tiny_model(), "esp-idf", tmp_path / "p", name="net", board="esp32c3")
    readme = (tmp_path / "p" / "README.md").read_text()
    assert "set-target esp32c3" in readme
    assert "The model fits the ESP32-C3" in readme
    assert "## Not tried" in readme
    assert re.search(r"an arena of \d,\d{3} bytes", readme)
    # What the program prints.
    assert re.search(r"Arena: \.\.\. of \d{4} bytes used", readme)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("kws_int8", "kws_int8"),
        ("mein Modell (2).v1", "mein_Modell_2_v1"),
        ("8-bit", "net_8_bit"),
        ("Ünï/../../x", "n_x"),
        ("__init__", "init"),
        ("", "net"),
        ("a" * 100, "a" * 40),
    ],
)
def test_names_become_identifiers(name, word):
    assert identifier(name) == word
    assert word.isidentifier()


def test_hostile_names_stay_inside_their_comments(compiler, tmp_path):
    model = Model.from_bytes(several_inputs_and_outputs())
    name = "*/ int x\n\\ $name `|` ??/"
    export(model, "c-array", tmp_path / "p", name=name)
    compile_project(compiler, tmp_path / "p", tmp_path / "program")
    assert "*/ int" not in (tmp_path / "p" / "model.h").read_text()


def test_a_project_without_a_name_has_a_title(tmp_path):
    export(tiny_model(), "c-array", tmp_path / "p", name="")
    assert (tmp_path / "p" / "README.md").read_text().startswith("# net as C++ sources")


@pytest.mark.parametrize("word", ["int", "std", "tflite", "delay"])
def test_names_that_c_or_arduino_use_do_not_clash(compiler, tmp_path, word):
    export(tiny_model(), "arduino", tmp_path / "p", name=word)
    assert (tmp_path / "p" / word / f"{word}.ino").is_file()
    compile_project(compiler, tmp_path / "p", tmp_path / "program")


# What cannot be done is said in one sentence, and leaves nothing.


def refused(tmp_path: Path, *, error=ExportError, model=None, **changes) -> str:
    """Return the message of an export that must fail without a trace."""
    before = sorted(tmp_path.rglob("*"))
    arguments = {"target": "arduino", "out": tmp_path / "p", "name": "net"} | changes
    with pytest.raises(error) as caught:
        export(model or tiny_model(), **arguments)
    assert sorted(tmp_path.rglob("*")) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_unknown_targets_and_boards_get_the_nearest_name(tmp_path):
    assert refused(tmp_path, target="espidf") == "no target 'espidf'; did you mean esp-idf?"
    message = refused(tmp_path, target="zzz")
    assert message == "no target 'zzz'; did you mean arduino or esp-idf or c-array?"
    assert "did you mean pico" in refused(tmp_path, board="pico3", error=ValueError)


def test_boards_that_cannot_run_it_are_refused(tmp_path):
    message = refused(tmp_path, board="uno")
    assert message.startswith(
        "the model does not fit the Arduino Uno R3: `qutils inspect MODEL --board uno` says"
    )
    message = refused(tmp_path, target="esp-idf", board="nano33ble")
    assert message.startswith("ESP-IDF is for boards with an ESP32, the Arduino Nano 33 BLE")


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file", "dangling link"])
def test_what_exists_is_not_touched(tmp_path, kind):
    out = tmp_path / "p"
    if kind == "file":
        out.write_text("mine")
    elif kind == "dangling link":
        out.symlink_to("nowhere")
    else:
        out.mkdir()
        if kind == "folder":
            (out / "mine.txt").write_text("mine")
    assert refused(tmp_path).startswith(f"{out} exists already")


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for parent in (tmp_path / "file", tmp_path / "missing"):
        assert refused(tmp_path, out=parent / "p") == f"there is no folder {parent} to make p in"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, interruption):
    written = []
    original = Path.write_text

    def interrupted(path, *arguments, **keywords):
        if len(written) == 3:
            raise interruption
        written.append(path)
        return original(path, *arguments, **keywords)

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(interruption):
        export(tiny_model(), "arduino", tmp_path / "p", name="net")
    assert len(written) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("pathlib.Path.write_text", OSError(28, "No space left on device")),
        ("tempfile.mkdtemp", PermissionError(13, "Permission denied")),
    ],
)
def test_a_full_disk_or_a_folder_of_others(tmp_path, monkeypatch, function, error):
    def fail(*arguments, **keywords):
        raise error

    monkeypatch.setattr(function, fail)
    assert refused(tmp_path) == f"cannot write {tmp_path / 'p'}: {error.strerror}"


def test_inputs_that_no_program_can_hold(tmp_path):
    tensors = (T((1, 4), scale=1.0), T((1, 4), scale=1.0), T((3,), "INT64"))
    content = Graph(tensors, (Op("RELU", (0,), (1,)),), (0, 2), (1,)).to_bytes()
    message = refused(tmp_path, model=Model.from_bytes(content))
    assert message.startswith("tensor 2 is INT64 of shape [3]: a program can hold")
