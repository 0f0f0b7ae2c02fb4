"""A scripted gateway, and runs against it with the command and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.desk import Desk, Settle, settled
from tests.batch.direct import Direct
from tests.batch.scripted_gateway import ScriptedGateway, scripted_gateway


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    """Answers everything, until a test gives it another `reply`."""
    with scripted_gateway() as found:
        yield found


@pytest.fixture
def settle(tmp_path: Path, gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Settle:
    """Makes a desk of an environment with these words."""
    return lambda words: settled(tmp_path, gateway, words, monkeypatch)


@pytest.fixture
def desk(settle: Settle) -> Desk:
    """A desk with a pool `chat`, which is also `gpt-4o`, and a pool `embed`."""
    return settle({})


@pytest.fixture
def direct(tmp_path: Path, gateway: ScriptedGateway) -> Direct:
    """A run without a command, whose waits are recorded and not waited."""
    return Direct(tmp_path, gateway)
