"""What a replica answered before: as the Compose file of a kept release says it."""

from contextlib import nullcontext
from typing import Any

import pytest

from deploys.operations import replacing
from deploys.questions.engine_answers import Served

DEFAULT = Served("chat", "generation")
FILE = "services: {{vectors-1: {{command: {command}}}}}\n"


class _Host:
    """A host that keeps one Compose file."""

    name = "gpu1"

    def __init__(self, text: str) -> None:
        self.text = text

    def get_fact(self, _: object, path: str) -> str:
        """The file."""
        assert path == "/srv/homeport/releases/old/gpu_hosts/compose.yaml"
        return self.text


def _old(text: str, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr(replacing, "on", lambda _: nullcontext())
    monkeypatch.setattr(replacing.Service, "directory", "/srv/homeport")
    host: Any = _Host(text)
    service = replacing.Service(host, "vectors-1")
    return replacing.old_served(service, "releases/old/gpu_hosts/compose.yaml", DEFAULT)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("[--alias, old, --embeddings]", Served("old", "embeddings")),
        ("[--alias, old, --port, 8080]", Served("old", "generation")),
        ("[/models, --served-model-name, a, b]", Served("a", "generation")),
        ("[--reranking]", Served("chat", "reranking")),
    ],
)
def test_an_old_release_is_proved_as_what_it_was(
    command: str, expected: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _old(FILE.format(command=command), monkeypatch) == expected


@pytest.mark.parametrize("text", ["", "services: {}", "a: [", "services: {vectors-1: {}}"])
def test_a_file_that_does_not_say_is_taken_for_what_runs_now(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _old(text, monkeypatch) == DEFAULT
