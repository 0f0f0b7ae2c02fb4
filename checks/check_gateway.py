"""The gateway as a client meets it: answers, streams, keys, names, paths, replicas, revision."""

import time
from collections.abc import Callable, Mapping

import pytest

from checks.asking import CHAT, Model, ask, lacks, models, patiently, serving
from checks.chat import chat_request, said, text_and_usage
from checks.fleet import Fleet
from checks.probes import gateway as probe
from checks.probes.gateway import Gateway
from checks.refusals import LOADED, require_refusal
from checks.replica_addresses import (
    answering_replica,
    drained_on_purpose,
    replicas_by_address,
    silent_words,
)
from checks.results import NOTE
from checks.sense import is_generated
from checks.streaming import best_stream, least_bursts
from checks.verdict import none_of, require
from deploys.questions.engine_answers import Kind

UNKNOWN = "no-such-model"
# Of models that answer with something else than text.
OTHER_KINDS: tuple[Kind, ...] = ("embeddings", "reranking")
# An idle least_conn gateway takes turns; a few rounds forgive other clients' requests.
ROUNDS = 4
# nginx asks Docker for the address of a new replica when it loads; an answer that gets lost is
# asked for again after resolver_timeout and `valid`, 2 s each.
SETTLE_SECONDS = 6
CLOSED_PATHS = ("/", "/metrics", "/slots", "/props", "/v1/no-such-path", "/docs")


def check_the_gateway_says_it_is_well(gateway: Gateway) -> None:
    """/healthz is nginx's own and needs no key."""
    answer = probe.ask(gateway, "GET", "/healthz", headers={})
    found = f"/healthz says {answer.status} instead of 200"
    require(answer.status == 200, found, "`docker logs` of the gateway's container")


def check_every_model_answers_a_chat(gateway: Gateway, fleet: Fleet) -> None:
    """Text and usage; sense is judged only where the weights are not random."""
    for one in models(gateway, fleet):
        if not one.generates:
            continue
        model, answer = one.name, ask(gateway, one, 16)
        require(answer.status == 200, f"{model}: {said(answer)}", "see check_engines")
        text, usage = text_and_usage(answer)
        readable = text if is_generated(fleet) else text.strip()
        remedy = "the model's chat template or its end-of-text token does not fit the engine"
        require(readable, f"{model}: the answer holds no text: {answer.text[:200]}", remedy)
        counts = [usage.get(key) for key in ("prompt_tokens", "completion_tokens")]
        counted = all(isinstance(count, int) and count > 0 for count in counts)
        remedy = "clients are billed and limited by usage: the engine must report it"
        require(counted, f"{model}: the answer counts no tokens: usage {dict(usage)}", remedy)


@pytest.mark.serving(*OTHER_KINDS)
def check_every_other_model_answers_as_its_kind_does(gateway: Gateway, fleet: Fleet) -> None:
    """Vectors or ranks, one for each text."""
    for one in serving(gateway, fleet, *OTHER_KINDS):
        answer = ask(gateway, one)
        require(answer.status == 200, f"{one.name}: {said(answer)}", "see check_engines")
        missing = lacks(one, answer)
        remedy = f"does the engine serve a model of this kind? It was asked on {one.path}"
        require(not missing, f"{one.name}: the answer holds {missing}", remedy)


def check_streams_arrive_over_time(gateway: Gateway, fleet: Fleet) -> None:
    """Tokens reach the client as they are made, not in a burst at the end."""
    for model in (one for one in models(gateway, fleet) if one.generates):
        events, bursts = best_stream(gateway, model)
        require(
            bursts >= least_bursts(events),
            f"{model.name}: the stream does not arrive over time: {events} events in {bursts} "
            f"bursts, at least {least_bursts(events)} are expected",
            "something on the way collects it: `proxy_buffering off` in the gateway, and in "
            "every proxy between it and this machine",
        )


@pytest.mark.parametrize("path", [CHAT, "/v1/models"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no-key"),
        pytest.param({"Authorization": "Bearer homeport-check-wrong-key"}, id="wrong-key"),
        pytest.param({"Authorization": "Basic aG9tZXBvcnQ6Y2hlY2s="}, id="basic"),
    ],
)
def check_nobody_enters_without_a_key(
    gateway: Gateway, path: str, headers: Mapping[str, str]
) -> None:
    """401 in the shape of every refusal, before any engine is asked; it says how to come in.

    429 where this address has tried too many keys just now: that lets nobody in either.
    """
    body = chat_request(UNKNOWN, 1) if path == CHAT else None
    answer = probe.ask(gateway, "POST" if body else "GET", path, body, headers)
    if answer.status == 429:
        require_refusal(answer, 429, "too_many_wrong_keys", path)
        return
    require_refusal(answer, 401, "wrong_key" if headers else "no_key", path)
    asks_for = answer.headers.get("www-authenticate", "nothing")
    found = f"{path}: the refusal asks for {asks_for} (WWW-Authenticate), not for Bearer"
    require(asks_for == "Bearer", found, LOADED)


def check_an_unknown_model_is_refused_with_the_known_ones(gateway: Gateway, fleet: Fleet) -> None:
    """A mistyped name must be plain from the answer alone; of a pool where the path names it."""
    known = models(gateway, fleet)
    path, code, names = CHAT, "model_not_found", [one.name for one in known]
    if not fleet.committed[gateway.host].release.uses_njs:
        path, code = f"/pools/{UNKNOWN}{CHAT}", "path_not_found"
        names = [one.path.split("/")[2] for one in known if one.path.startswith("/pools/")]
    answer = patiently(lambda: probe.ask(gateway, "POST", path, chat_request(UNKNOWN, 1)))
    require_refusal(answer, 404, code, f"model {UNKNOWN}")
    unsaid = [name for name in names if name not in answer.error]
    none_of(unsaid, f"the refusal {answer.text[:200]!r} does not name", LOADED)


@pytest.mark.parametrize("path", CLOSED_PATHS)
def check_paths_that_are_not_served_are_closed(gateway: Gateway, path: str) -> None:
    """Engines have more paths than clients need: metrics, other clients' prompts, controls."""
    answer = probe.ask(gateway, "GET", path)
    remedy = "homeport apply loads the committed list of paths"
    require(answer.status == 404, f"{path} says {answer.status} instead of 404", remedy)


def check_every_replica_takes_part(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """By the address in X-Homeport-Replica; a replica that gets nothing is lost capacity.

    What a person has drained gets nothing on purpose, and neither does a pool whose candidate has
    drawn this client: that is told, and is no failure.
    """
    marks, shares = fleet.live(gateway.host).drained, fleet.live(gateway.host).canaries
    for share in shares.values():
        record_property(NOTE, str(share))
    drained = drained_on_purpose(marks)
    for name, words in drained.items():
        record_property(NOTE, f"{name} is drained by {words}: it gets no requests")
    pools = {replica.name: replica.pool for replica in fleet.replicas}
    wanted = {name: pool for name, pool in pools.items() if name not in drained}
    answered: set[str] = set()
    for one in models(gateway, fleet):
        model = one.name
        seen, expected = _answering(gateway, one, fleet, wanted)
        remedy = "homeport apply has nginx load what is drained"
        none_of(sorted(seen & set(drained)), f"{model}: drained, and asked all the same", remedy)
        silent = [silent_words(name, marks) for name in sorted(expected - seen)]
        remedy = "`docker logs` of the gateway shows failed connects; then homeport apply"
        none_of(silent, f"{model}: for {SETTLE_SECONDS} s no request reached", remedy)
        answered |= seen
    unheard = [name for name in sorted(set(wanted) - answered) if wanted[name] not in shares]
    none_of(unheard, "no model leads to", "homeport apply")


def check_the_gateway_serves_the_committed_revision(gateway: Gateway, fleet: Fleet) -> None:
    """What nginx has loaded, which is not always what lies on the disk."""
    released = fleet.committed[gateway.host].release.gateway
    wanted = released.revision if released is not None else ""
    found = fleet.live(gateway.host).revision
    require(
        found == wanted,
        f"nginx has loaded {found[:12] or 'nothing it can name'}, committed is {wanted[:12]}",
        "homeport apply reloads it; if it stays, `nginx -t` refused and `docker logs` says why",
    )


def _answering(
    gateway: Gateway, model: Model, fleet: Fleet, wanted: Mapping[str, str]
) -> tuple[set[str], set[str]]:
    """Replicas that answered for a model, and those of their pools that should (`wanted`)."""
    replicas = replicas_by_address(fleet)
    pools = {replica.name: replica.pool for replica in fleet.replicas}
    seen: set[str] = set()
    expected: set[str] = set(wanted)
    number, give_up = 0, time.monotonic() + SETTLE_SECONDS
    while number < ROUNDS * len(pools) or (expected - seen and time.monotonic() < give_up):
        number += 1
        if number > ROUNDS * len(pools):
            time.sleep(0.2)
        answer = ask(gateway, model)
        require(answer.status == 200, f"{model.name}: {said(answer)}", "see check_engines")
        seen.add(answering_replica(answer, replicas))
        reached = {pools[name] for name in seen}
        expected = {name for name, pool in wanted.items() if pool in reached}
        # Whether a drained one is asked all the same shows only after all of the rounds.
        if expected <= seen and len(wanted) == len(pools):
            break
    return seen, expected
