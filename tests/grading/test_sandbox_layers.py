"""Each layer alone stops what it is for; without it, the same code succeeds.

All of it runs in an outer sandbox, since the controls do what the layers forbid.
"""

import functools
import os
import socket
import tempfile
import threading

import confined
import outer
import pytest

SYSTEM_CALL = """
import ctypes
def call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    if libc.syscall(ctypes.c_long(number), *words) < 0:
        raise OSError(ctypes.get_errno(), "system call")
"""

# What is tried; the layers of which each alone stops it; a value that shows its success.
TRIES = {
    "read a file": ("answer = open(PLACE).read()", ("namespaces", "landlock"), "secret"),
    "list a folder": (
        "import os; answer = 'place' in os.listdir(os.path.dirname(PLACE))",
        ("namespaces", "landlock"),
        True,
    ),
    "write a file": (
        "answer = open(PLACE + '.new', 'w').write('x')",
        ("namespaces", "landlock"),
        1,
    ),
    "empty a file": (
        "import os; os.truncate(PLACE, 0); answer = True",
        ("namespaces", "landlock", "seccomp"),
        True,
    ),
    "see that a file exists": (
        "import os; answer = os.path.getsize(PLACE)",
        ("namespaces",),
        6,
    ),
    "connect to a port": (
        "import socket; answer = socket.create_connection(('127.0.0.1', PORT), 2).recv(9).decode()",
        ("namespaces", "landlock", "seccomp"),
        "hello",
    ),
    "listen on a port": (
        "import socket; socket.create_server(('127.0.0.1', 0)); answer = True",
        ("landlock", "seccomp"),
        True,
    ),
    "reach an abstract socket": (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect(ABSTRACT); answer = True",
        ("namespaces", "landlock", "seccomp"),
        True,
    ),
    "signal another process": (
        "import os; os.kill(OTHER, 0); answer = True",
        ("namespaces", "landlock", "seccomp"),
        True,
    ),
    "signal another by a descriptor": (
        "import fcntl, os; r, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, OTHER); answer = True",
        ("namespaces", "seccomp"),
        True,
    ),
    "start a process": (
        "import os\np = os.fork()\nif p == 0: os._exit(0)\nanswer = os.waitpid(p, 0)[1]",
        ("seccomp",),
        0,
    ),
    "run a program": (
        "import subprocess; answer = subprocess.run(['/bin/true']).returncode",
        ("namespaces", "seccomp"),
        0,
    ),
    "mount": (
        SYSTEM_CALL + "call(165, b'x', b'/var/tmp', b'tmpfs', 0, None); answer = True",
        ("namespaces", "landlock", "seccomp"),
        True,
    ),
    "make a user namespace": (
        SYSTEM_CALL + "call(272, 0x10000000); answer = True",
        ("seccomp",),
        True,
    ),
    "be traced": (SYSTEM_CALL + "call(101, 0, 0, 0, 0); answer = True", ("seccomp",), True),
    "read memory by process": (
        SYSTEM_CALL + "call(310, 0, None, 0, None, 0, 0); answer = True",
        ("seccomp",),
        True,
    ),
    "make a file in memory": (
        "import os; os.memfd_create('x'); answer = True",
        ("seccomp",),
        True,
    ),
    "change a mode": (
        "import os; os.chmod(PLACE, 0o600); answer = os.stat(PLACE).st_mode & 0o777 == 0o600",
        ("namespaces", "seccomp"),
        True,
    ),
}


def attempts(layers):
    """Return what each try gives under some layers, with something there to be reached."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as port,
        socket.socket(socket.AF_UNIX) as abstract,
        confined.warm(layers) as template,
    ):
        abstract.bind("\0qutils-test")
        abstract.listen()
        threading.Thread(target=_greet, args=(port,), daemon=True).start()
        place = os.path.join(folder, "place")
        given = f"PLACE, ABSTRACT, OTHER = {place!r}, {abstract.getsockname()!r}, {os.getpid()}\n"
        given += f"PORT = {port.getsockname()[1]}\n"
        found = {}
        for name, (source, _, _) in TRIES.items():
            with open(place, "w") as file:
                file.write("secret")
            with template.fork() as child:
                found[name] = confined.ask(child, given + source)
        return found


def _greet(port):
    while True:
        port.accept()[0].sendall(b"hello")


@functools.cache
def outcome(layer):
    return outer.call("test_sandbox_layers:attempts", ["limits", layer] if layer else ["limits"])


@pytest.mark.parametrize("name", TRIES)
def test_with_no_layer_it_succeeds(name):
    assert outcome("")[name] == TRIES[name][2]


CASES = [(name, layer) for name, (_, layers, _) in TRIES.items() for layer in layers]


@pytest.mark.parametrize(("name", "layer"), CASES, ids=[" - ".join(case) for case in CASES])
def test_a_layer_alone_stops_it(name, layer):
    assert outcome(layer)[name] != TRIES[name][2]
