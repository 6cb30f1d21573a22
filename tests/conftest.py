"""What tests may lean on, and what happens where it is missing.

A test that cannot run here skips with its reason. Where ``REQUIRE_ALL_TESTS`` is set, as in CI, a
skip is a failure, except for the reference models, which are not part of the project.
"""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_MODELS = REPOSITORY.parent / "shared" / "models"
ALLOWED_SKIP = "the reference models are not part of the project"


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root folder of the project."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Folder of real models recorded against the TFLite Micro interpreter."""
    if not (SHARED_MODELS / "MANIFEST.tsv").is_file():
        pytest.skip(f"no ../shared/models: {ALLOWED_SKIP}")
    return SHARED_MODELS


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium or Chrome executable."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skip into a failure where every test must run."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL_TESTS") and not hasattr(report, "wasxfail"):
        reason = str(call.excinfo.value)
        if ALLOWED_SKIP not in reason:
            report.outcome = "failed"
            report.longrepr = f"skipped where every test must run: {reason}"
    return report
