"""What the tests share."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

# A lecture takes what data it finds: the stored outputs, and the tests, are those of a machine without any.
NO_DATA = tempfile.TemporaryDirectory(prefix="no-data-")
os.environ["COURSE_DATA"] = NO_DATA.name

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("notebooks/exercises/*.ipynb")])

kills = pytest.mark.skipif(sys.platform == "win32", reason="kills as Windows cannot: by signal 9")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", type=Path, help="folder in which the browser test leaves its screenshots")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt to open a connection fails, as on a machine without network."""

    def refuse(*args, **kwargs):
        raise OSError("no network in this test")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
