"""What the tests of the grader share."""

import outer
import pytest


@pytest.fixture(scope="session")
def prepared_class() -> str:
    """The class folder of `attacks.classroom` with its gradebook, packed; made in the sandbox."""
    return outer.call("attacks.classroom:prepare", bounds=outer.Bounds(wall_seconds=600))
