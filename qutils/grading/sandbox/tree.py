"""What of the file system a confined process sees: Python, its packages, the system's libraries.

Neither the course's folder (solutions, gradebook) nor anybody's home is in it.
"""

import sys
import sysconfig
from pathlib import Path

import qutils

_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
# TensorFlow ends the process that cannot read this. With namespaces it is the template's.
_COMMAND_LINE = "/proc/self/cmdline"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


def readable() -> list[Path]:
    """Return folders and files that may be read, parents before what they hold."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    standard = [str(Path(sysconfig.get_path(name)).parent) for name in ("stdlib", "platstdlib")]
    course_package = str(Path(qutils.__file__).parent)
    names = sorted({*_LIBRARIES, _COMMAND_LINE, *standard, *packages, course_package})
    return [path for path in map(Path, names) if path.exists()]


def devices() -> list[Path]:
    """Return the devices that may be read and written."""
    return [path for path in map(Path, _DEVICES) if path.exists()]
