"""A real nginx without its script module: the same as with it, and pools by their paths.

What is imported here runs against this gateway as it does against the other one.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploys.render.nginx import gateway_revision
from tests.e2e.checked_gateway import TIER, a_stricter_one_is_found, commit, limits_bite
from tests.e2e.gateway.test_clients import (  # noqa: F401 - run by pytest
    test_a_valid_key_gets_an_answer_with_its_origin,
    test_an_engine_cannot_steer_the_gateway_or_the_client,
    test_another_method_is_refused_with_the_right_one,
    test_engines_see_only_the_listed_headers_and_no_query_string,
    test_nobody_enters_without_a_valid_key,
    test_other_paths_are_not_served,
    test_the_log_says_who_and_where_and_never_what,
    test_the_scheme_of_the_key_may_be_written_in_any_case,
)
from tests.e2e.gateway.test_reload import load, reload
from tests.e2e.gateway.test_replicas import (  # noqa: F401 - run by pytest
    rested,
    test_a_client_that_hangs_up_ends_the_generation,
    test_a_replica_that_is_full_or_crashes_costs_no_request,
    test_a_stream_arrives_event_by_event,
    test_an_engines_own_error_passes_unchanged_and_is_not_tried_twice,
    test_both_replicas_take_part,
)
from tests.e2e.gateway.test_smuggling import (  # noqa: F401 - run by pytest
    test_what_could_be_read_in_two_ways_is_refused,
    test_what_is_odd_and_plain_reaches_the_engine_as_one_plain_request,
)
from tests.e2e.gateway_lab import CHAT, REPLICAS, Lab, docker, running_lab, said
from tests.e2e.gateway_tree import KEY, POOLS, write_tree
from tests.e2e.routing_pools import drained, same_replicas
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

CLIENTS = {
    "demo": {"key": f"file:{KEY}"},
    "team": {
        "keys": {
            "old": {"key": "file:sk-Old", "valid_until": "2999-12-31"},
            "older": {"key": "file:sk-Older", "valid_until": "2020-12-31"},
        }
    },
    # Words that mean something in a map of nginx.
    "default": {"key": "file:~default", "tier": "slow"},
    "ana": {"key": "file:sk-Ana", "tier": "quick"},
}
SETTINGS = {
    "njs": False,
    "default_pool": "chat",
    # Two: nginx counts a request until a moment after its answer.
    "tiers": {
        "slow": {"requests_per_minute": 6, "burst": 2, "concurrent_requests": 2},
        "quick": TIER,
    },
}
BY_PATH = (
    *POOLS,
    same_replicas("patient", first_byte_seconds=8),
    same_replicas("session", affinity={"header": "X-Session-Id", "waiting_requests": 1}),
)


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway without njs, whose container has no such module."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_lab(folder, nginx_image, BY_PATH, CLIENTS, **SETTINGS) as lab:
        yield lab


def in_pool(lab: Lab, pool: str, key: str = KEY, **headers: str) -> httpx.Response:
    """One chat completion of a pool, by its path."""
    shown = {"Authorization": f"Bearer {key}", **headers}
    url = f"{lab.url}/pools/{pool}{CHAT}"
    return plain_http.post(url, json={"messages": []}, headers=shown, timeout=15)


def test_the_container_has_no_script_module_and_nginx_asks_for_none(lab: Lab) -> None:
    nginx = lab.container("nginx")
    assert docker("exec", nginx, "ls", "/usr/lib/nginx/modules") == ""
    told = docker("exec", nginx, "nginx", "-T", "-c", "/srv/homeport/gateway/current/nginx.conf")
    assert not re.findall(r"(?m)^\s*(load_module|js_\w+)\b", told)
    assert not list((lab.folder / "nginx").glob("*.js"))


def test_each_pool_has_paths_of_its_own_and_one_has_the_others_too(lab: Lab) -> None:
    pools = ("chat", "patient", "session", "other")
    found = [in_pool(lab, pool) for pool in pools]
    assert [answer.status_code for answer in found] == [200, 200, 200, 503]
    assert [answer.headers["x-homeport-pool"] for answer in found] == list(pools)
    assert said(found[-1]) == (503, "unavailable")
    # Of `other` no replica runs: the path alone decides, whatever the body names.
    assert lab.chat({"model": "Org/Other-1.5"}).headers["x-homeport-pool"] == "chat"
    assert {record["path"] for record in lab.seen()} == {CHAT}


def test_a_pool_that_there_is_not_is_refused_with_those_that_there_are(lab: Lab) -> None:
    answer = in_pool(lab, "chta")
    assert said(answer) == (404, "path_not_found")
    assert "/pools/NAME/v1: chat, other, patient, session." in answer.json()["error"]["message"]
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["pool"], line["client"]) == ("", "demo")


def test_the_list_of_models_is_found_below_every_pool(lab: Lab) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    for prefix in ("", "/pools/chat", "/pools/other"):
        url = f"{lab.url}{prefix}/v1/models"
        names = [
            one["id"] for one in plain_http.get(url, headers=headers, timeout=15).json()["data"]
        ]
        assert names == ["Org/Other-1.5", "chat", "patient", "session"]
        assert plain_http.get(url, timeout=15).status_code == 401
        assert plain_http.post(url, headers=headers, timeout=15).headers["allow"] == "GET"


def test_a_body_is_not_looked_at(lab: Lab) -> None:
    assert lab.chat(b'{"model": 1, "model": 2}').status_code == 200
    assert said(lab.chat(b"A" * (5 * 1024 * 1024))) == (413, "too_large")


@pytest.mark.parametrize("key", ["SK-OLD", "sk-old", "sk-Ol", "sk-Oldd", "default", "sk-.ld"])
def test_a_key_is_compared_to_the_letter(lab: Lab, key: str) -> None:
    assert said(in_pool(lab, "chat", key)) == (401, "wrong_key")
    assert in_pool(lab, "chat", "sk-Old").status_code == 200


def test_a_key_ends_with_its_last_day_and_the_log_names_it(lab: Lab) -> None:
    assert said(in_pool(lab, "chat", "sk-Older")) == (401, "expired_key")
    line = lab.logged(in_pool(lab, "chat", "sk-Old").headers["x-request-id"])
    assert (line["client"], line["key"]) == ("team", "team/old")


def test_limits_hold(lab: Lab) -> None:
    found = [in_pool(lab, "chat", "~default") for _ in range(4)]
    assert [answer.status_code for answer in found] == [200, 200, 200, 429]
    assert said(found[-1]) == (429, "too_many_requests")


def test_a_pools_own_time_out_counts_on_its_paths_alone(lab: Lab) -> None:
    lab.engines("thinks")
    assert in_pool(lab, "patient").status_code == 200
    assert said(in_pool(lab, "session")) == (504, "timed_out")


def test_a_session_keeps_its_replica(lab: Lab) -> None:
    served = {
        one: {in_pool(lab, "session", **{"X-Session-Id": one}).json()["served_by"] for _ in "abc"}
        for one in "abcdefghij"
    }
    assert all(len(replicas) == 1 for replicas in served.values())
    assert set.union(*served.values()) == set(REPLICAS)


def test_a_drained_replica_gets_nothing(lab: Lab) -> None:
    revision = gateway_revision(write_tree(lab.folder, BY_PATH, CLIENTS, **SETTINGS))
    (copy,) = lab.folder.glob("state/pools/*.conf")
    text = copy.read_text()
    try:
        copy.write_text(drained(text, "chat-1"))
        load(lab, revision)
        give_up = time.monotonic() + 10
        while {in_pool(lab, "chat").json()["served_by"] for _ in range(6)} != {"chat-2"}:
            assert time.monotonic() < give_up
    finally:
        copy.write_text(text)
        load(lab, revision)


def test_a_key_that_was_taken_out_is_refused_once_it_is_loaded(lab: Lab) -> None:
    secret = lab.folder / "secrets" / "clients.map"
    text = secret.read_text()
    try:
        kept = [line for line in text.splitlines(keepends=True) if 'sk-Old"' not in line]
        secret.write_text("".join(kept))
        reload(lab)
        lab.wait_for(401, "sk-Old")
        assert lab.chat().status_code == 200
    finally:
        secret.write_text(text)
        reload(lab)


def test_nginx_complains_about_nothing_but_engines(lab: Lab) -> None:
    lines = docker("logs", lab.container("nginx")).splitlines()
    quiet = [line for line in lines if re.search(r"\[(alert|emerg|crit|warn)\]", line)]
    assert not [line for line in quiet if "upstream" not in line]


@pytest.mark.parametrize("at_once", [1, 2])
def test_checks_meet_its_limits_and_find_one_that_is_committed_alone(
    lab: Lab, tmp_path: Path, at_once: int
) -> None:
    # The checks leave alone a tier that keeps its users waiting: that one is `slow`.
    clients = {name: CLIENTS[name] for name in ("demo", "ana")}
    tiers = {"tiers": {"quick": {**TIER, "concurrent_requests": at_once}}}
    address = httpx.URL(lab.url).netloc.decode()
    deployment = commit(tmp_path, address, BY_PATH, clients, **{**SETTINGS, **tiers})
    {1: a_stricter_one_is_found, 2: limits_bite}[at_once](deployment)
