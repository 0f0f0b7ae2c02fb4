"""A client that has died asks nothing, which must not look as if nothing had failed."""

import threading
from pathlib import Path

import pytest

from deploys.certificates.entrance import Entrance
from tests.e2e import new_clients
from tests.e2e.new_clients import asking
from tests.lab.waiting import until

WAY = Entrance("https://127.0.0.1:1", "llm.lab.example", Path("authority.pem"))


class _Dead(Exception):
    pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_client_that_has_died_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(*_: object) -> None:
        raise _Dead

    monkeypatch.setattr(new_clients, "client", client)
    before = threading.active_count()
    with pytest.raises(AssertionError, match="has stopped"), asking(WAY):
        until(lambda: threading.active_count() == before)
