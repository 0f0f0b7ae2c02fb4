"""What tests of the watch stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.watching.watched_host import WatchedHost, watched_host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedHost]:
    """All is well, and has been for some looks."""
    with watched_host(tmp_path, monkeypatch) as one:
        assert one.look(3) == []
        yield one
