"""Why a container is not as it should be, by its own log: lines below what a check says of it."""

import functools
import io
from collections.abc import Callable, Iterable, Iterator, Mapping

import pytest

from checks.fleet import Fleet
from checks.probes.containers import POOL, Container
from checks.probes.host import Unreachable
from checks.probes.last_words import last_words
from deploys.causes import telling
from deploys.causes.explanation import explain
from deploys.causes.lines import lines
from deploys.causes.telling import Place
from deploys.settings.inventory import read_inventory
from deploys.settings.setting_files import setting_files

Causes = Callable[[str, Iterable[Container | None]], list[str]]


@pytest.fixture(scope="session")
def causes(fleet: Fleet, pytestconfig: pytest.Config) -> Causes:
    """Host and some of its containers -> causes and remedies that their logs tell of.

    Nothing is asked where there are none; the same containers are asked once.
    """
    environment: str = pytestconfig.getoption("--environment")

    @functools.cache
    def ask(host: str, ids: tuple[str, ...]) -> Mapping[str, bytes]:
        try:
            return last_words(fleet.committed[host].host, ids)
        except Unreachable:
            # What the check has found is true all the same.
            return {}

    @functools.cache
    def files() -> Mapping[str, str]:
        # Asks pyinfra, half a second.
        return setting_files(read_inventory(fleet.root, environment))

    def told(host: str, containers: Iterable[Container | None]) -> list[str]:
        ill = [one for one in containers if one is not None]
        logs = ask(host, tuple(one.id for one in ill)) if ill else {}
        found = [(one, explain(lines(io.BytesIO(logs.get(one.id, b""))))) for one in ill]
        names: dict[tuple[str, ...], list[str]] = {}
        for one, words in found:
            if words.findings:
                place = Place(environment, one.labels.get(POOL, telling.POOL), files())
                names.setdefault(tuple(telling.below(words, place)), []).append(one.service)
        return [line for words, services in names.items() for line in _of(services, words)]

    return told


def _of(services: Iterable[str], words: Iterable[str]) -> Iterator[str]:
    """Replicas of a pool end for the same reason, which is told once."""
    prefix = f"{', '.join(services)}: "
    for line in words:
        yield f"{prefix if line.startswith('cause: ') else ''}{line}"
