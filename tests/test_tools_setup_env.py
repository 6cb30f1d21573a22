"""The environment is whole or absent, and each obstacle is one clear sentence."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture
def setup_env(tmp_path):
    """The set-up program of a project without an environment, in a folder of its own."""
    (tmp_path / "tools").mkdir()
    for name in ("requirements.txt", "pyproject.toml", "tools/setup_env.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    spec = importlib.util.spec_from_file_location("copied_setup", tmp_path / "tools/setup_env.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_expecting_one_sentence(setup_env, capsys) -> str:
    assert setup_env.main() == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "Traceback" not in message
    return message


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0), (2, 7, 18)])
def test_unsupported_python(setup_env, capsys, monkeypatch, version):
    monkeypatch.setattr(setup_env.sys, "version_info", version)
    message = run_expecting_one_sentence(setup_env, capsys)
    assert f"Python {version[0]}.{version[1]} is not supported" in message


def test_python_without_venv(setup_env, capsys, monkeypatch):
    monkeypatch.setattr(setup_env.importlib.util, "find_spec", lambda name: None)
    assert "python3-venv" in run_expecting_one_sentence(setup_env, capsys)


def test_full_disk_is_seen_before_anything_is_written(setup_env, capsys, monkeypatch):
    monkeypatch.setattr(setup_env.shutil, "disk_usage", lambda path: DiskUsage(9e9, 8e9, 1e9))
    assert "1.0 GB free" in run_expecting_one_sentence(setup_env, capsys)
    assert not setup_env.VENV.exists()


def set_up_offline(setup_env) -> subprocess.CompletedProcess:
    """Run the set-up where pip finds no package index and does not wait for one."""
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PIP_")},
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    return subprocess.run(
        [sys.executable, "tools/setup_env.py"],
        cwd=setup_env.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_network_is_one_sentence_and_leaves_no_environment(setup_env):
    result = set_up_offline(setup_env)
    assert result.returncode == 1
    assert result.stderr.startswith("The package index cannot be reached")
    assert not setup_env.VENV.exists()


def test_outdated_environment_survives_a_failed_renewal(setup_env):
    marker = setup_env.VENV / "kept"
    marker.parent.mkdir()
    marker.write_text("an environment that worked")
    setup_env.STAMP.write_text("the key of older requirements")
    result = set_up_offline(setup_env)
    assert result.returncode == 1
    assert marker.read_text() == "an environment that worked"


def test_environment_counts_as_made_only_with_the_right_stamp(setup_env):
    python = setup_env.VENV / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert not setup_env.is_made()
    setup_env.STAMP.write_text(setup_env.environment_key())
    assert setup_env.is_made()
    with (setup_env.ROOT / "requirements.txt").open("a") as requirements:
        requirements.write("one-more==1.0\n")
    assert not setup_env.is_made()


def test_missing_python_is_one_sentence(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    result = subprocess.run(
        ["make", "setup", "PYTHON=no-such-python"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "Python 3.11 to 3.13 is needed" in result.stderr
