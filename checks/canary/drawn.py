"""Which arm a gateway draws for sessions that nobody has had before."""

import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from checks.asking import Model, patiently
from checks.probes import gateway as probe
from checks.probes.gateway import Answer, Gateway
from checks.traffic.entry import FLEET

# A few at a time, so that clients keep their slots.
AT_ONCE = 4


def draws(gateway: Gateway, model: Model, pool: str, header: str, sessions: int) -> list[bool]:
    """Of each answer that says so: whether its session was drawn for the pool's candidate.

    A token each. Raises NoAnswer.
    """

    def one(_number: int) -> Answer:
        named = {**probe.with_key(gateway), header: secrets.token_hex(8)}
        return patiently(lambda: probe.ask(gateway, "POST", model.path, model.request(1), named))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(_drawn(threads.map(one, range(sessions)), pool))


def _drawn(answers: Iterable[Answer], pool: str) -> Iterator[bool]:
    """By the headers. What the cloud has answered does not say who was asked before."""
    for answer in answers:
        said = [
            answer.headers.get(f"x-homeport-{name}", "") for name in ("pool", "arm", "provider")
        ]
        if said[0] == pool and said[1] and said[2] in ("", FLEET):
            failed = answer.headers.get("x-homeport-reason") == "candidate_failed"
            yield failed or said[1] == "candidate"
