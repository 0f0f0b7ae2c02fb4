"""Whether a store's database needs anything, by what it says of itself."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from deploys.operations.vector_store import files_of, is_current, migrations_of
from deploys.questions.vector_store import StoreState
from deploys.render.files import render_environment
from deploys.render.release import Access, Release
from tests.environments import ROOT
from tests.render.plans import HOST
from tests.render.retrieval_plans import store_plan

WANTED = {"0001-collections.sql": "0" * 64}
CURRENT = StoreState(
    migrations=WANTED,
    extension=("0.8.1", "0.8.1"),
    logins=frozenset({"homeport_indexer", "homeport_reader"}),
)


def test_a_database_as_released_needs_nothing() -> None:
    assert is_current(CURRENT, WANTED)


def test_migrations_of_a_later_release_are_left_alone() -> None:
    later = {**WANTED, "0002-later.sql": "1" * 64}
    assert is_current(replace(CURRENT, migrations=later), WANTED)


@pytest.mark.parametrize(
    "changes",
    [
        {"migrations": {}},
        {"migrations": {"0001-collections.sql": "1" * 64}},
        {"extension": ("0.8.0", "0.8.1")},
        {"logins": frozenset({"homeport_indexer"})},
    ],
)
def test_a_database_that_lacks_something_is_migrated(changes: dict[str, Any]) -> None:
    assert not is_current(replace(CURRENT, **changes), WANTED)


def test_a_release_brings_every_file_of_the_store() -> None:
    files = render_environment(store_plan(), Access(clients={}), ROOT / "templates")
    text = files[f"compose/small/{HOST}/release.yaml"]
    release = Release.model_validate(yaml.safe_load(text), strict=False)
    assert {"start-postgresql", "passwd", "migrations/0001-collections.sql"} <= files_of(
        release
    ).keys()
    assert migrations_of(release).keys() == {"0001-collections.sql"}
