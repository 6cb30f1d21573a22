"""What an administrator can do to have a layer that is missing."""

import os
import sys
from pathlib import Path

_PROFILE = """sudo tee /etc/apparmor.d/qutils <<'END'
abi <abi/4.0>,
include <tunables/global>
profile qutils {python} flags=(unconfined) {{
  userns,
}}
END
sudo apparmor_parser -r /etc/apparmor.d/qutils"""

_SWITCHES = (
    ("/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "sudo sysctl kernel.unprivileged_userns_clone=1",
    ),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", _PROFILE),
)
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")


def remedy(layer: str) -> str:
    """Return what to do about a layer that is missing here."""
    if sys.platform != "linux":
        return "Grade on Linux, or in a Linux virtual machine."
    return {
        "namespaces": _namespaces,
        "landlock": lambda: "Use Linux 6.2 or later, with landlock in /sys/kernel/security/lsm.",
        "seccomp": lambda: "Use a kernel with CONFIG_SECCOMP_FILTER.",
        "limits": lambda: "Raise the limits that this session has: ulimit -a.",
    }[layer]()


def _namespaces() -> str:
    for path, closed, command in _SWITCHES:
        if _read(path) == closed:
            return f"Run: {command.format(python=os.path.realpath(sys.executable))}"
    if any(Path(mark).exists() for mark in _CONTAINER_MARKS):
        return (
            "Start the container with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined."
        )
    return "Use a kernel with CONFIG_USER_NS, 5.12 or later."


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
