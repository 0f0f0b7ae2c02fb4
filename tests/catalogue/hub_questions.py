"""A model of the fake hub, asked for as `homeport models add` does."""

from pathlib import Path

import pytest

from deploys.catalogue.hub import Hub
from deploys.catalogue.hub_source import hub_source
from deploys.catalogue.model import Model
from deploys.catalogue.taking_in import Wish, from_hub
from deploys.settings.refusal import Refused
from deploys.settings.secrets import Secret
from tests.catalogue.fake_hub import FakeHub


def asked(
    hub: FakeHub, store: Path, word: str, *, token: str = "", base: str = "", projector: str = ""
) -> Model:
    """The entry for `word`, with small files kept in `store`."""
    source = hub_source(word)
    assert source is not None
    secret = Secret(token) if token else None
    wish = Wish(base=base, projector=projector)
    return from_hub(source, wish, Hub(store, hub.url, secret))


def refusal(hub: FakeHub, store: Path, word: str, token: str = "") -> str:
    """What is said instead."""
    with pytest.raises(Refused) as refused:
        asked(hub, store, word, token=token)
    return str(refused.value)
