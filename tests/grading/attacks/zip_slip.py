"""A hand-in collected from a zip file whose member wants to lie elsewhere."""

import contextlib
import os
import zipfile

from attacks import classroom
from attacks.assignment import NAME

GRADEBOOK = classroom.ROOT / "gradebook.db"


def reaches_the_gradebook(order: tuple[str, bool]) -> bool:
    """Collect a zip file with ``nbgrader zip_collect``; return whether it emptied the gradebook.

    ``naively``: without the care that setuptools, which unpacks it, takes.
    """
    from nbgrader.apps.zipcollectapp import ZipCollectApp
    from nbgrader.coursedir import CourseDirectory
    from setuptools import archive_util

    prepared, naively = order
    classroom.unpack(prepared)
    before = GRADEBOOK.read_bytes()
    archive = classroom.ROOT / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "hand_ins.zip", "w") as packed:
        packed.writestr("../../../../gradebook.db", b"emptied")
    if naively:
        archive_util._resolve_dest = os.path.join
    config = classroom.config()
    config.CourseDirectory.assignment_id = NAME
    app = ZipCollectApp(config=config, coursedir=CourseDirectory(config=config))
    # It is refused, or nothing is left that looks like a hand-in.
    with contextlib.suppress(SystemExit, archive_util.UnsafeMember):
        app.start()
    return GRADEBOOK.read_bytes() != before
