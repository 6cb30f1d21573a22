"""Run a function where it can do no harm: attacks, and the graders they are tried on.

A fresh interpreter gets user, mount, process, network and ipc namespaces of its own, a read-only
file system with an empty ``/tmp`` in memory, the loopback device alone, small resource limits and
a wall clock. Whatever it starts dies with it. Further namespaces can be made inside, so that the
grader's own sandbox runs there as it does outside.

Three steps make it safe for root too: the mounts are arranged; root becomes nobody and gets the
other namespaces; one more user namespace locks the mounts, so that no capability inside can undo
them.
"""

import ctypes
import fcntl
import importlib
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
NOBODY = 65534
LOG_BYTES = 4000

# linux/sched.h, linux/mount.h, linux/fcntl.h, linux/prctl.h, linux/if.h
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MOUNT_SETATTR, MOUNT_ATTR_RDONLY = 442, 1  # the same call number on every architecture
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


class OuterError(Exception):
    """The sandbox could not be made, or what ran in it failed; the message ends with its log."""


class OuterTimeout(OuterError):
    """The wall clock ran out; everything inside was killed."""


@dataclass(frozen=True)
class Bounds:
    """What all that runs inside may use: each process, but ``processes`` and ``disk_bytes``."""

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_bytes: int = 3 << 30
    processes: int = 256
    file_bytes: int = 64 << 20
    disk_bytes: int = 256 << 20


def call(
    function: str,
    argument: Any = None,
    bounds: Bounds | None = None,
    instead: Mapping[Path, str] | None = None,
    as_root: bool = True,
) -> Any:
    """Return ``function(argument)``, computed inside; both travel as JSON.

    Parameters
    ----------
    function
        ``"module:name"``; the module is sought in this folder and in the repository.
    instead
        Text to find inside in the place of a file.
    as_root
        Whether it is user 0 of its namespace, with every capability there, or user 1000.

    Raises
    ------
    OuterError
        When the function raises, dies, or leaves no value.
    OuterTimeout
        When it takes longer than ``bounds.wall_seconds``.
    """
    bounds = bounds or Bounds()
    with tempfile.TemporaryFile() as result, tempfile.TemporaryFile() as log:
        order = _order(function, argument, bounds, instead, as_root) | {"result": result.fileno()}
        try:
            subprocess.run(
                [sys.executable, "-I", __file__],
                input=json.dumps(order).encode(),
                stdout=log,
                stderr=log,
                pass_fds=[result.fileno()],
                env=_environment(),
                cwd="/",
                start_new_session=True,
                timeout=bounds.wall_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise OuterTimeout(f"{function}: {bounds.wall_seconds} s; {_tail(log)}") from error
        return _value(function, result, log)


def branch(
    function: str,
    argument: Any = None,
    bounds: Bounds | None = None,
    instead: Mapping[Path, str] | None = None,
    as_root: bool = True,
) -> Any:
    """Do what `call` does in a fork of this process, which spares imports.

    For one thread, and inside a `call`: the fork has all that this process has opened.
    """
    bounds = bounds or Bounds()
    with tempfile.TemporaryFile() as result, tempfile.TemporaryFile() as log:
        order = _order(function, argument, bounds, instead, as_root) | {"result": result.fileno()}
        child = os.fork()
        if child == 0:
            _as_branch(order, log.fileno())
        deadline = time.monotonic() + bounds.wall_seconds
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise OuterTimeout(f"{function}: {bounds.wall_seconds} s; {_tail(log)}")
            time.sleep(0.01)
        return _value(function, result, log)


def _order(
    function: str,
    argument: Any,
    bounds: Bounds,
    instead: Mapping[Path, str] | None,
    as_root: bool,
) -> dict[str, Any]:
    return {
        "function": function,
        "argument": argument,
        "bounds": asdict(bounds),
        "instead": {str(path): text for path, text in (instead or {}).items()},
        "as_root": as_root,
    }


def _value(function: str, result: Any, log: Any) -> Any:
    result.seek(0)
    content = result.read()
    if not content:
        raise OuterError(f"{function} left no value: {_tail(log)}")
    return json.loads(content)


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    return {
        "PATH": path,
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
    }


def _tail(log: Any) -> str:
    log.seek(max(0, os.fstat(log.fileno()).st_size - LOG_BYTES))
    return log.read().decode(errors="replace")


# ---- inside the fresh interpreter


def _as_branch(order: dict[str, Any], log: int) -> None:
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        _confine(order)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _confine(order: dict[str, Any]) -> None:
    _die_with_parent()
    bounds = Bounds(**order["bounds"])
    if os.geteuid() == 0:
        _check(libc.unshare(CLONE_NEWNS), "unshare")
    else:
        _new_user_namespace(CLONE_NEWNS, 0)
    _arrange_mounts(bounds, order["instead"])
    if os.geteuid() == 0 and not _in_user_namespace():
        _become_nobody()
    _new_user_namespace(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS, 0)
    first = os.fork()
    if first == 0:
        _as_first_process(order, bounds)
    os.waitpid(first, 0)


def _as_first_process(order: dict[str, Any], bounds: Bounds) -> None:
    """Be process 1, which reaps orphans and takes everybody with it when it ends."""
    try:
        _die_with_parent()
        _check(libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0), "proc")
        _loopback_up()
        worker = os.fork()
        if worker == 0:
            _work(order, bounds)
        while os.wait()[0] != worker:
            pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _work(order: dict[str, Any], bounds: Bounds) -> None:
    try:
        os.set_inheritable(order["result"], False)
        os.chdir("/tmp")
        _new_user_namespace(CLONE_NEWNS, 0 if order["as_root"] else 1000)
        _limit(bounds)
        sys.path[:0] = [str(HERE), str(REPOSITORY)]
        module, name = order["function"].split(":")
        value = getattr(importlib.import_module(module), name)(order["argument"])
        with open(order["result"], "wb") as result:
            result.write(json.dumps(value).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _die_with_parent() -> None:
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def _in_user_namespace() -> bool:
    """Tell whether user 0 here is somebody else outside."""
    return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]


def _become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    # A change of user makes /proc/self root's, and with it the map of users.
    _check(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")
    _die_with_parent()


def _new_user_namespace(others: int, user: int) -> None:
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.unshare(CLONE_NEWUSER | others), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{user} {gid} 1")


def _arrange_mounts(bounds: Bounds, instead: Mapping[str, str]) -> None:
    """Make everything read-only, and put empty folders in memory over what is shared."""
    _set_attributes("/", AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0)
    _set_attributes("/proc", 0, 0, MOUNT_ATTR_RDONLY)  # for the maps of users
    kept = {REPOSITORY, Path(sys.prefix), Path(sys.base_prefix)}
    covered = [Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]
    covered += {top for path in kept if (top := _private_ancestor(path, covered))}
    opened = {
        path: os.open(path, os.O_PATH)
        for path in kept
        if any(path.is_relative_to(cover) for cover in covered)
    }
    for cover in covered:
        options = f"size={bounds.disk_bytes},nr_inodes=20k,mode=1777".encode()
        _check(libc.mount(b"tmpfs", bytes(cover), b"tmpfs", MS_NOSUID | MS_NODEV, options), "tmpfs")
    for path, descriptor in opened.items():
        path.mkdir(parents=True, exist_ok=True)
        _bind(f"/proc/self/fd/{descriptor}", str(path))
        os.close(descriptor)
    for number, (place, text) in enumerate(instead.items()):
        other = Path("/tmp") / f".instead{number}"
        other.write_text(text)
        _bind(str(other), place)


def _set_attributes(place: str, flags: int, set_: int, clear: int) -> None:
    attributes = struct.pack("4Q", set_, clear, MS_PRIVATE, 0)
    arguments = (AT_FDCWD, place.encode(), flags, attributes, len(attributes))
    _check(libc.syscall(MOUNT_SETATTR, *arguments), "mount_setattr")


def _private_ancestor(path: Path, covered: list[Path]) -> Path | None:
    """Return the topmost folder above ``path`` that only its owner may enter."""
    if any(path.is_relative_to(cover) for cover in covered):
        return None
    ancestors = reversed(path.parents)
    return next((folder for folder in ancestors if not folder.stat().st_mode & 0o001), None)


def _bind(source: str, target: str) -> None:
    _check(libc.mount(source.encode(), target.encode(), None, MS_BIND | MS_REC, None), "bind")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, request)
        flags = struct.unpack("16sh14x", answer)[1] | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))


def _limit(bounds: Bounds) -> None:
    for kind, most in {
        resource.RLIMIT_AS: bounds.memory_bytes,
        resource.RLIMIT_CPU: bounds.cpu_seconds,
        resource.RLIMIT_FSIZE: bounds.file_bytes,
        resource.RLIMIT_NPROC: bounds.processes,
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    _confine(json.load(sys.stdin))
