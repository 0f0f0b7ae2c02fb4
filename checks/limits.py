"""How limits are met without harm: what is asked, and what is left alone, with the reason."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from checks.asking import models
from checks.fleet import Fleet
from checks.probes import gateway as probe
from checks.probes.gateway import Answer, Gateway
from checks.probes.heads import INVITED, begun
from checks.tiers import HARMLESS_SECONDS, Limited, in_reach, locked_out_seconds, rates

UNKNOWN = "no-such-model"
AT_ONCE, TOO_OFTEN = "too_many_at_once", "too_many_requests"
# What the gateway tells whoever has too many at once.
AT_ONCE_SECONDS = 2
NO_TIME = 0.01
NO_TOKENS = "limits of tokens are not met, for that costs as many"


def head(gateway: Gateway, path: str, length_bytes: int) -> Answer:
    """What is said of the head alone; hung up on then."""
    with begun(gateway, path, length_bytes) as one:
        return one.answer()


def beyond(gateway: Gateway, path: str, most: int) -> Answer:
    """The first refusal of one more than `most` that have begun at once; INVITED: none came."""
    give_up = time.monotonic() + AT_ONCE_SECONDS
    with ExitStack() as stack:
        all_of_them = [stack.enter_context(begun(gateway, path, 1)) for _ in range(most + 1)]
        answer = all_of_them[-1].answer()
        while answer.status == INVITED and time.monotonic() < give_up:
            answers = (one.answer(NO_TIME) for one in reversed(all_of_them))
            answer = next((one for one in answers if one.status != INVITED), answer)
    return answer


def in_vain(limited: Limited, fleet: Fleet) -> Callable[[], Answer]:
    """A request that its client's limits count, and that goes to no engine."""
    gateway, path = limited.gateway, models(limited.gateway, fleet)[0].path
    if fleet.committed[gateway.host].release.uses_njs:
        return lambda: probe.ask(gateway, "POST", path, {"model": UNKNOWN})
    # The model is not looked at there; what has no body yet goes nowhere either.
    return lambda: head(gateway, path, 1)


def has_room_again(gateway: Gateway, path: str) -> bool:
    """nginx notices a moment later that a client has left."""
    give_up = time.monotonic() + AT_ONCE_SECONDS
    while time.monotonic() < give_up:
        if code(head(gateway, path, 1)) != AT_ONCE:
            return True
        time.sleep(0.1)
    return False


def skip_what_harms(limited: Limited, asked: str, *, disruptive: bool) -> None:
    """A rate that is none, that only load would reach, or whose users would miss it for long."""
    tier, seconds = limited.tiered.tier, locked_out_seconds(limited.tiered.tier)
    if not rates(tier):
        pytest.skip(f"{asked}: it has no rate{'; ' + NO_TOKENS if tier.counts_tokens else ''}")
    if not in_reach(rates(tier)):
        pytest.skip(f"{asked}: so many would be a load test")
    if seconds > HARMLESS_SECONDS and not (limited.tiered.is_tester or disruptive):
        pytest.skip(
            f"{asked}: its users would be refused for {seconds:.0f} s; a client of the tier with "
            "`tester: True` is asked in its place, and --disruptive asks all the same"
        )


def skip_what_came_first(answer: Answer, expected: str, asked: str) -> None:
    """Another limit of the same client: its own users may be at one."""
    others = {TOO_OFTEN, AT_ONCE, "tokens_per_minute", "tokens_per_day"} - {expected}
    if answer.status == 429 and code(answer) in others:
        pytest.skip(f"{asked}: another of its limits came first: {answer.error}")


def code(answer: Answer) -> str:
    """Of an error document; empty where it has none."""
    error = answer.document.get("error")
    return str(error.get("code")) if isinstance(error, dict) else ""
