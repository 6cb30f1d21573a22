"""The command as a new user meets it: what it prints, its exit codes, its sentences for errors."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qutils.cli import commands, main
from qutils.tflm.example import tiny_model

COMMAND = [sys.executable, "-m", "qutils.cli"]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Hold a model of one RELU, scale 0.5, and arrays for it; every test starts there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.tflite").write_bytes(tiny_model().content)
    np.save("real.npy", np.array([[1.5, -2.0], [0.3, 1.0]], np.float32))
    np.save("codes.npy", np.array([[3, -4]], np.int8))
    return tmp_path


def ask(capsys, *arguments: str) -> tuple[int, str, str]:
    """Return exit code, output and error output."""
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(capsys, *arguments: str) -> str:
    """Return the sentence of a command that fails; it prints nothing else."""
    code, out, err = ask(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("qutils: ")
    assert "Traceback" not in err
    return err


def test_every_command_has_help_without_cut_sentences(capsys):
    code, out, _ = ask(capsys, "--help")
    assert code == 0
    assert "..." not in out.split("Commands:")[1]
    for name in commands.commands:
        code, out, _ = ask(capsys, name, "--help")
        assert code == 0
        assert "Usage: qutils" in out
        assert max(map(len, out.splitlines())) <= 80


def test_without_arguments_it_shows_its_help(capsys):
    code, out, _ = ask(capsys)
    assert code == 0
    assert "inspect" in out


def test_version(capsys):
    assert ask(capsys, "--version")[1].startswith("qutils, version ")


def test_inspect(folder, capsys):
    code, out, err = ask(capsys, "inspect", "tiny.tflite")
    assert (code, err) == (0, "")
    assert "Fits: nano33ble" in out
    assert "RELU" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_exit_code_says_whether_it_fits(folder, capsys):
    code, out, _ = ask(capsys, "inspect", "tiny.tflite", "--board", "uno")
    assert code == 1
    assert "The model does not fit the Arduino Uno R3." in out
    assert ask(capsys, "inspect", "tiny.tflite", "--board", "pico")[0] == 0


def test_json(folder, capsys):
    _, out, _ = ask(capsys, "inspect", "tiny.tflite", "--board", "pico", "--json")
    values = json.loads(out)
    assert values["name"] == "tiny.tflite"
    assert values["plan"]["head_bytes"] == 32
    assert values["verdicts"][0]["board"]["id"] == "pico"


def test_html_is_written_once(folder, capsys):
    code, _, err = ask(capsys, "inspect", "tiny.tflite", "--html", "report.html")
    assert code == 0
    assert "report.html" in err
    assert Path("report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    sentence = refused(capsys, "inspect", "tiny.tflite", "--html", "report.html")
    assert "report.html exists already: --force replaces it" in sentence
    assert ask(capsys, "inspect", "tiny.tflite", "--html", "report.html", "--force")[0] == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "codes.npy",
        "real.npy",
        "report.html",
        "tiny.tflite",
    ]


def test_boards(capsys):
    code, out, _ = ask(capsys, "boards")
    assert code == 0
    for words in ("nano33ble", "RP2040 (Cortex-M0+)", "tflm-esp-nn"):
        assert words in out
    assert max(map(len, out.splitlines())) <= 80


def test_compare(folder, capsys):
    code, out, _ = ask(capsys, "compare", "tiny.tflite", "tiny.tflite", "--data", "real.npy")
    assert code == 0
    assert "file, bytes" in out
    assert "Output 0, 2 samples: equal." in out


def test_real_numbers_in_give_real_numbers_out(folder, capsys):
    code, out, err = ask(capsys, "run", "tiny.tflite", "real.npy")
    assert code == 0
    assert "x: INT8, scale 0.5, zero point 0, as real numbers" in err
    # 0.3 becomes 0.5, and RELU takes -2 to 0.
    assert "float32 (2, 1, 2)" in out
    assert "1.5" in out
    assert ask(capsys, "run", "tiny.tflite", "real.npy", "--out", "y.npy")[0] == 0
    np.testing.assert_array_equal(np.load("y.npy"), [[[1.5, 0.0]], [[0.5, 1.0]]])


def test_integers_in_give_integers_out(folder, capsys):
    code, out, err = ask(capsys, "run", "tiny.tflite", "codes.npy")
    assert (code, err) == (0, "")
    assert "int8 (1, 1, 2)\n[[[3 0]]]" in out
    assert ask(capsys, "run", "tiny.tflite", "codes.npy", "--out", "y.npz")[0] == 0
    np.testing.assert_array_equal(np.load("y.npz")["output_0"], [[[3, 0]]])


def test_export(folder, capsys):
    code, out, _ = ask(capsys, "export", "tiny.tflite", "--target", "c-array", "--out", "made")
    assert code == 0
    assert all(Path(line).is_file() for line in out.splitlines())
    again = refused(capsys, "export", "tiny.tflite", "--target", "c-array", "--out", "made")
    assert "made exists already" in again


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("inspect", "Missing argument 'MODEL'. See `qutils inspect --help`."),
        ("inspet tiny.tflite", "No such command 'inspet'"),
        ("inspect tiny.tflite --bord pico", "No such option"),
        ("inspect none.tflite", "there is no file none.tflite"),
        ("inspect .", ". is no file but a folder"),
        ("inspect /dev/null", "/dev/null is no file"),
        ("inspect real.npy", "real.npy: not a .tflite file"),
        ("inspect cut.tflite", "cut.tflite: "),
        ("inspect tiny.tflite --board nano", "no board 'nano'; did you mean nano33ble"),
        ("inspect tiny.tflite --board pico --library cmsis-nn", "tflm-cmsis-nn"),
        ("inspect tiny.tflite --board=", "no board ''; did you mean"),
        ("inspect tiny.tflite --library tflm", "give the board too"),
        ("inspect tiny.tflite --board pico --library=", "no library ''; did you mean"),
        ("inspect tiny.tflite --data=", "there is no file"),
        ("inspect tiny.tflite --float tiny.tflite", "give both"),
        ("inspect tiny.tflite --float tiny.tflite --data real.npy", "input is INT8, not FLOAT32"),
        ("inspect tiny.tflite --html .", ". is a folder"),
        ("inspect tiny.tflite --html no/report.html", "cannot write no/report.html: No such file"),
        ("compare tiny.tflite none.tflite", "there is no file none.tflite"),
        ("run tiny.tflite", "Missing argument 'INPUT.npy...'"),
        ("run tiny.tflite none.npy", "there is no file none.npy"),
        ("run tiny.tflite tiny.tflite", "tiny.tflite is no whole .npy file"),
        ("run tiny.tflite zipped.npz", "zipped.npz is no whole .npy file"),
        ("run tiny.tflite short.npy", "short.npy is no whole .npy file"),
        ("run tiny.tflite huge.npy", "huge.npy is no whole .npy file"),
        ("run tiny.tflite pickled.npy", "pickled.npy holds pickled objects"),
        ("run tiny.tflite text.npy", "text.npy holds <U1, not numbers"),
        ("run tiny.tflite wide.npy", "(N, 2), this one has shape (4, 3)"),
        ("run tiny.tflite none_at_all.npy", "(N, 2), this one has shape (0, 2)"),
        ("run tiny.tflite bytes.npy", "takes int8 or float32, the array holds uint8"),
        ("run tiny.tflite nan.npy", "holds NaN or infinity"),
        ("run tiny.tflite real.npy real.npy", "arrays given: 2, inputs of the model: 1"),
        (
            "run tiny.tflite real.npy --out tiny.tflite",
            "tiny.tflite should end in .npy or .npz for one output",
        ),
        ("run tiny.tflite real.npy --out codes.npy", "codes.npy exists already"),
    ],
)
def test_errors_are_one_sentence(folder, capsys, arguments, words):
    Path("cut.tflite").write_bytes(tiny_model().content[:100])
    np.savez("zipped.npz", x=np.zeros(2))
    Path("short.npy").write_bytes(Path("real.npy").read_bytes()[:-4])
    header = Path("real.npy").read_bytes()[:128].replace(b"(2, 2), ", b"(9999999999, 2), ")
    Path("huge.npy").write_bytes(header[:118] + b"\n" + bytes(100))
    np.save("pickled.npy", np.array([{}], object), allow_pickle=True)
    np.save("text.npy", np.array(["a"]))
    np.save("wide.npy", np.zeros((4, 3), np.float32))
    np.save("none_at_all.npy", np.zeros((0, 2), np.float32))
    np.save("bytes.npy", np.zeros((1, 2), np.uint8))
    np.save("nan.npy", np.full((1, 2), np.nan, np.float32))
    before = sorted(folder.iterdir())
    sentence = refused(capsys, *arguments.split())
    assert words in sentence
    assert sentence.count("\n") == 1
    assert sorted(folder.iterdir()) == before


def test_what_the_system_forbids_is_a_sentence_too(folder, capsys, monkeypatch):
    def forbid(*arguments, **keywords):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as context:
        context.setattr(Path, "read_bytes", forbid)
        sentence = refused(capsys, "inspect", "tiny.tflite")
    assert "cannot read tiny.tflite: Permission denied" in sentence
    with monkeypatch.context() as context:
        context.setattr(Path, "replace", forbid)
        sentence = refused(capsys, "inspect", "tiny.tflite", "--html", "r.html")
    assert "cannot write r.html: Permission denied" in sentence
    assert not list(folder.glob("*r.html*"))


def test_without_matplotlib_a_page_is_refused_in_a_sentence(folder, capsys, monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    sentence = refused(capsys, "inspect", "tiny.tflite", "--html", "r.html")
    assert "pip install matplotlib" in sentence
    assert ask(capsys, "inspect", "tiny.tflite")[0] == 0


def test_interrupted(folder, capsys, monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr("qutils.cli.make_report", interrupt)
    assert ask(capsys, "inspect", "tiny.tflite") == (130, "", "qutils: stopped\n")


def test_a_reader_that_stops_reading(folder):
    script = f"{' '.join(COMMAND)} boards | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", str(128 + signal.SIGPIPE))


def test_a_full_disk_behind_the_output(folder):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, "boards"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "qutils: No space left on device\n")


@pytest.mark.parametrize("no_color", ["", "1"])
def test_color_in_a_terminal_only_and_only_if_wanted(folder, no_color):
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "NO_COLOR": no_color, "COLUMNS": "80"}
    command = [*COMMAND, "inspect", "tiny.tflite"]
    subprocess.run(command, stdout=terminal, env=environment, check=True)
    os.close(terminal)
    shown = os.read(controller, 1 << 16).decode()
    os.close(controller)
    assert ("\x1b[" in shown) == (not no_color)


def test_it_loads_nothing_heavy():
    script = "import sys, qutils.cli; print([n for n in ('matplotlib', 'tensorflow') "
    script += "if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n"
