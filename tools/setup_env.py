"""Make ``.venv`` with the locked requirements, or say in one sentence why that is not possible.

Needs the standard library alone, and parses on Python 3.6 or newer so that an unsupported Python
is told so instead of failing on syntax. An environment counts as made only when its stamp says
that every step was finished for these requirements; anything else is made anew, so that an
interrupted run is never tripped over. A whole environment that has become outdated is kept until
its successor is made.
"""

import hashlib
import importlib.util
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OUTDATED = ROOT / ".venv-outdated"
STAMP = VENV / "setup.sha256"
LOG = ROOT / "build" / "setup.log"
NEEDED_BYTES = 5 * 10**9
OLDEST, NEWEST = (3, 11), (3, 13)

# What pip prints, and the sentence that helps; the first that matches counts.
REASONS = (
    (r"No space left on device", "The disk is full: free about 5 GB and run the command again."),
    (
        r"NewConnectionError|Timeout(Error)?\b|ProxyError|Name or service not known|"
        r"name resolution|Network is unreachable|Connection refused|SSLError",
        "The package index cannot be reached: check the network or proxy, then run the command "
        "again.",
    ),
    (
        r"No matching distribution|satisfies the requirement",
        "A locked package is not offered for this machine: build/setup.log names it.",
    ),
)


class SetupError(Exception):
    """Why, in one sentence, the environment could not be made."""


def check_machine() -> None:
    """Raise SetupError where Python, venv or the disk make an installation pointless."""
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        raise SetupError(
            "Python {}.{} is not supported: install Python {}.{} to {}.{}, then run "
            "`make PYTHON=python{}.{} course`.".format(*found, *OLDEST, *NEWEST, *NEWEST)
        )
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise SetupError(
            "This Python lacks its venv module: install it (Debian, Ubuntu: `apt install "
            "python3-venv`), then run the command again."
        )
    free_bytes = shutil.disk_usage(str(ROOT)).free
    if free_bytes < NEEDED_BYTES:
        raise SetupError(
            f"The environment needs about {NEEDED_BYTES / 1e9:.0f} GB and the disk has "
            f"{free_bytes / 1e9:.1f} GB free: make room, then run the command again."
        )


def environment_key() -> str:
    """Hash of all that decides what the environment holds and where it lies."""
    requirements = (ROOT / "requirements.txt").read_text()
    package, *_ = (ROOT / "pyproject.toml").read_text().partition("\n[tool.")
    parts = (sys.version, str(ROOT), requirements, package)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_made() -> bool:
    """Whether the environment is whole, belongs to these requirements and still starts."""
    if not STAMP.is_file() or STAMP.read_text() != environment_key():
        return False
    python = VENV / "bin" / "python"
    return python.exists() and subprocess.run([str(python), "-c", ""], check=False).returncode == 0


def run_pip(*arguments: str) -> None:
    """Run pip in the environment, counting packages aloud; raise SetupError with the reason."""
    total = sum("==" in line for line in (ROOT / "requirements.txt").read_text().splitlines())
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", *arguments]
    collected = 0
    with LOG.open("a") as log:
        pip = subprocess.Popen(
            command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in pip.stdout:
            log.write(line)
            if line.startswith(("Collecting ", "Processing ")):
                collected += 1
                show_progress(f"  looked up {collected} of at most {total} packages", collected)
            elif collected and line.startswith("Installing collected packages"):
                print("\n  installing them, which takes a minute or two", flush=True)
    if pip.wait() != 0:
        print()
        raise SetupError(explain(LOG.read_text()))


def show_progress(text: str, count: int) -> None:
    """Print a line that the next one replaces; where output is no terminal, every 50th line."""
    if sys.stdout.isatty():
        print("\r" + text, end="", flush=True)
    elif count % 50 == 0:
        print(text, flush=True)


def explain(pip_output: str) -> str:
    """Return the sentence for what pip printed.

    >>> explain("ERROR: [Errno 28] No space left on device")
    'The disk is full: free about 5 GB and run the command again.'
    """
    for pattern, sentence in REASONS:
        if re.search(pattern, pip_output):
            return sentence
    return "Installing the packages failed: the end of build/setup.log says why."


def make_environment() -> None:
    """Make the environment from nothing; where that fails, leave things as they were."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    if STAMP.is_file() and not OUTDATED.exists():
        VENV.rename(OUTDATED)
    try:
        shutil.rmtree(str(VENV), ignore_errors=True)
        print(f"Making .venv with Python {sys.version.split()[0]}", flush=True)
        created = subprocess.run(
            [sys.executable, "-m", "venv", str(VENV)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if created.returncode != 0:
            LOG.write_text(created.stdout)
            raise SetupError(explain(created.stdout))
        run_pip("--requirement", "requirements.txt")
        run_pip("--no-deps", "--no-build-isolation", "--editable", ".")
        STAMP.write_text(environment_key())
    except BaseException:
        print("Removing the unfinished .venv", flush=True)
        shutil.rmtree(str(VENV), ignore_errors=True)
        if OUTDATED.exists():
            OUTDATED.rename(VENV)
        raise
    shutil.rmtree(str(OUTDATED), ignore_errors=True)


def main() -> int:
    """Make the environment where it is missing; return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if not is_made():
            check_machine()
            make_environment()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The environment could not be made: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
