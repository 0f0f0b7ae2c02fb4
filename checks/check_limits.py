"""What is too much is refused, in words and in time: bodies, keys that are tried, and tiers.

Each limit is met as cheaply as that goes: no engine is asked, and what would take many requests is
left alone, and said.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pytest

from checks.asking import models, patiently
from checks.chat import said
from checks.fleet import Fleet
from checks.limits import (
    AT_ONCE,
    AT_ONCE_SECONDS,
    NO_TOKENS,
    TOO_OFTEN,
    beyond,
    has_room_again,
    head,
    in_vain,
    skip_what_came_first,
    skip_what_harms,
)
from checks.probes import gateway as probe
from checks.probes.gateway import Answer, Gateway
from checks.probes.heads import INVITED
from checks.refusals import LOADED, require_a_time_to_come_again, require_refusal
from checks.results import NOTE
from checks.tiers import (
    MOST_AT_ONCE,
    Insisted,
    Limited,
    in_reach,
    insist,
    locked_out_seconds,
    rates,
)
from checks.verdict import fail, require
from deploys.render.release_gateway import LimitsRelease

MIB = 1024 * 1024
PROXY = "a proxy before the gateway with a limit of its own; nginx's is 1 MiB unless it is told"
# Bodies, and what they are called.
UNREADABLE: tuple[tuple[Mapping[str, object] | Sequence[object], str], ...] = (
    ([], "not_json"),
    ({}, "no_model"),
    ({"model": 7}, "no_model"),
)
LIMITS = "homeport apply loads the committed limits; another proxy must not share out one client"


def check_mistakes_are_refused_in_one_shape(gateway: Gateway, fleet: Fleet) -> None:
    """Each with a code of its own, before any engine is asked; what cannot be read has one too."""
    path = models(gateway, fleet)[0].path
    answer = probe.ask(gateway, "GET", path)
    require_refusal(answer, 405, "wrong_method", f"GET {path}")
    allowed = answer.headers.get("allow")
    require(allowed == "POST", f"GET {path}: the refusal allows {allowed}, not POST", LOADED)
    answer = probe.ask(gateway, "GET", "/v1/no-such-path")
    require_refusal(answer, 404, "path_not_found", "GET /v1/no-such-path")
    if fleet.committed[gateway.host].release.uses_njs:
        for body, code in UNREADABLE:
            answer = patiently(partial(probe.ask, gateway, "POST", path, body))
            require_refusal(answer, 400, code, f"POST {path} with {body}")


def check_a_body_may_be_as_large_as_allowed_and_no_larger(gateway: Gateway, fleet: Fleet) -> None:
    """By the length that is announced: no such body is sent."""
    path, mib = models(gateway, fleet)[0].path, _limits(gateway, fleet).body_limit_mib
    answer = patiently(lambda: head(gateway, path, mib * MIB))
    found = f"a body of the {mib} MiB that are allowed: {said(answer)}"
    require(answer.status == INVITED, found, PROXY)
    answer = patiently(lambda: head(gateway, path, mib * MIB + 1))
    asked = f"a body of more than {mib} MiB"
    require(answer.status != INVITED, f"{asked}: the gateway wants it", LOADED)
    require_refusal(answer, 413, "too_large", asked)
    found = f"{asked}: the refusal does not say the limit: {answer.error}"
    require(f"{mib} MiB" in answer.error, found, LOADED)


def check_whoever_has_no_key_is_refused_for_less_and_less(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """By address, 429 after 401; whoever has a valid key there is served all the same."""
    limit = _limits(gateway, fleet).anonymous
    asked = f"requests without a key, {limit.requests_per_minute} a minute and {limit.burst} more"
    if not in_reach(rates(limit)):
        pytest.skip(f"{asked}: so many would be a load test")
    done = insist(lambda: probe.ask(gateway, "GET", "/v1/models", headers={}), rates(limit))
    refusal = _refusal(done, asked, record_property)
    if refusal is not None:
        require_refusal(refusal, 429, "too_many_wrong_keys", asked)
        require_a_time_to_come_again(refusal, math.ceil(60 / limit.requests_per_minute), asked)
        answer = probe.ask(gateway, "GET", "/v1/models")
        found = f"{asked}: and whoever has a key from there is refused too: {said(answer)}"
        require(answer.status == 200, found, LIMITS)


def check_a_client_has_no_more_at_once_than_its_tier_allows(limited: Limited, fleet: Fleet) -> None:
    """By requests that have begun and hold their places, and by one more."""
    tiered, most = limited.tiered, limited.tiered.tier.concurrent_requests
    if most is None:
        pytest.skip(f"tier {tiered.name} does not limit what is answered at once")
    asked = f"tier {tiered.name}, asked as {tiered.client}: one more than {most} at once"
    burst = min((one.burst for one in rates(tiered.tier)), default=MOST_AT_ONCE)
    if most > MOST_AT_ONCE:
        pytest.skip(f"{asked}: so many would be a load test")
    if most > burst:
        pytest.skip(f"{asked}: its rate lets no more than {burst} begin at once")
    path = models(limited.gateway, fleet)[0].path
    answer = beyond(limited.gateway, path, most)
    skip_what_came_first(answer, AT_ONCE, asked)
    require(answer.status != INVITED, f"{asked}: is let in", LIMITS)
    require_refusal(answer, 429, AT_ONCE, asked)
    require_a_time_to_come_again(answer, AT_ONCE_SECONDS, asked)
    still = f"{asked}: and is refused for {AT_ONCE_SECONDS} s after all of them have ended"
    require(has_room_again(limited.gateway, path), still, LIMITS)


def check_a_client_that_asks_too_often_is_told_when_to_come_again(
    limited: Limited,
    fleet: Fleet,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    """By requests that are counted and reach no engine."""
    tiered = limited.tiered
    asked = f"tier {tiered.name}, asked as {tiered.client}: more often than it allows"
    skip_what_harms(limited, asked, disruptive=pytestconfig.getoption("--disruptive"))
    refusal = _refusal(insist(in_vain(limited, fleet), rates(tiered.tier)), asked, record_property)
    if refusal is not None:
        skip_what_came_first(refusal, TOO_OFTEN, asked)
        require_refusal(refusal, 429, TOO_OFTEN, asked)
        most = math.ceil(locked_out_seconds(tiered.tier))
        require_a_time_to_come_again(refusal, most, asked)
        found = f"{asked}: the refusal does not name the tier: {refusal.error}"
        require(tiered.name in refusal.error, found, LOADED)
        if tiered.tier.counts_tokens:
            record_property(NOTE, f"tier {tiered.name}: {NO_TOKENS}")


def _limits(gateway: Gateway, fleet: Fleet) -> LimitsRelease:
    released = fleet.committed[gateway.host].release.gateway
    if released is None or released.limits is None:
        fail(
            "the committed release does not say what the gateway's limits are",
            "it is of an older version: homeport render, then homeport apply",
        )
    return released.limits


def _refusal(done: Insisted, asked: str, note: Callable[[str, object], None]) -> Answer | None:
    """The 429; None where it could not be met, which is told."""
    told = f"{asked}: {done.number} requests in {done.seconds:.1f} s, and none was refused"
    require(not done.is_beyond, told, LIMITS)
    if done.refusal is None:
        note(NOTE, f"{told}; from here no more can be sent, so this limit was not met")
    return done.refusal
