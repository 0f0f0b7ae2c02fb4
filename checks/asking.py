"""How each model is asked: on which path, for what, and whether what comes back is an answer."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from checks.chat import chat_request
from checks.fleet import Fleet
from checks.probes import gateway as probe
from checks.probes.gateway import Answer, Gateway, Stream
from checks.verdict import require
from deploys.questions.engine_answers import PATHS, Kind, Served, body, missing

GENERATION: Kind = "generation"
CHAT = PATHS[GENERATION]
# How often, and how long each time, a limit of the asking client is waited for.
LIMITED_TIMES = 3
LIMITED_SECONDS = 15


@dataclass(frozen=True)
class Model:
    """One public name of a gateway."""

    name: str
    path: str
    """Where it is asked; it ends as the API's own paths do."""

    @property
    def kind(self) -> Kind:
        """What it answers."""
        return next((kind for kind, path in PATHS.items() if self.path.endswith(path)), GENERATION)

    @property
    def generates(self) -> bool:
        """Whether it answers with text."""
        return self.kind == GENERATION

    def request(self, tokens: int) -> Mapping[str, object]:
        """A body that any model of its kind answers; `tokens`: of text at most."""
        if self.generates:
            return chat_request(self.name, tokens)
        return body(Served(self.name, self.kind), tokens)


def models(gateway: Gateway, fleet: Fleet) -> list[Model]:
    """All that a gateway lists, asked as the committed release says; fails where it lists none."""
    names = probe.models(gateway)
    require(names, "/v1/models lists no model", "homeport apply, then see check_engines")
    released = fleet.committed[gateway.host].release.gateway
    paths = released.paths if released is not None else {}
    return [Model(name, paths.get(name, CHAT)) for name in names]


def serving(gateway: Gateway, fleet: Fleet, *kinds: Kind) -> list[Model]:
    """Those of some kinds; fails where none is listed, for the commit has one."""
    found = [one for one in models(gateway, fleet) if one.kind in kinds]
    words = f"/v1/models lists no model for {' or '.join(kinds)}, and the commit has one"
    require(found, words, "homeport apply, then see check_engines")
    return found


def generating(gateway: Gateway, fleet: Fleet) -> list[Model]:
    """Those that answer with text."""
    return [one for one in models(gateway, fleet) if one.generates]


def ask(gateway: Gateway, model: Model, tokens: int = 1, **words: object) -> Answer:
    """One whole answer of an engine; never one that was kept. `words` of the body besides."""
    body = {**model.request(tokens), **words}
    return patiently(lambda: probe.ask(gateway, "POST", model.path, body))


def stream(
    gateway: Gateway, model: Model, tokens: int, limit_seconds: float = math.inf, **words: object
) -> Stream:
    """One streamed answer, read no longer than that."""
    found: list[Stream] = []

    def begin() -> Answer:
        body = {**model.request(tokens), **words}
        found.append(probe.stream(gateway, model.path, body, limit_seconds))
        return found[-1].answer

    patiently(begin)
    return found[-1]


def patiently(request: Callable[[], Answer]) -> Answer:
    """Where every client has limits checks meet one: they wait as they are told, a few times."""
    for _ in range(LIMITED_TIMES):
        answer = request()
        words = answer.headers.get("retry-after", "")
        if answer.status != 429 or not words.isdecimal() or int(words) > LIMITED_SECONDS:
            return answer
        time.sleep(int(words))
    return request()


def lacks(model: Model, answer: Answer) -> str:
    """What an answer lacks that is no text; empty where it has all."""
    return missing(model.kind, answer.document)
