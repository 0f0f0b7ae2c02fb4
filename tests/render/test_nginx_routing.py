"""What the files say for pools with aliases, kinds, sessions, shares and time-outs of their own."""

import dataclasses
import json
import re
import subprocess
from pathlib import Path

import pytest

from deploys.plan.plan import Pool
from deploys.plan.speed import Speed
from deploys.render.nginx import pools_digest
from tests.environments import ROOT
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files
from tests.render.plans import HOST, small_plan, small_pool

SET_DRAINS = ROOT / "deploys" / "operations" / "scripts" / "set-drains"


def rendered(*pools: Pool) -> dict[str, str]:
    """The gateway's files in front of these pools."""
    return gateway_files(small_plan(*pools))


def with_bounds(pool: Pool, *tokens_per_second: float) -> Pool:
    """The pool on hosts of different speed."""
    speeds = [Speed(bound, bound, bound, 1) for bound in tokens_per_second]
    pairs = zip(pool.replicas, speeds, strict=True)
    replicas = tuple(dataclasses.replace(one, speed=speed) for one, speed in pairs)
    return dataclasses.replace(pool, replicas=replicas)


def test_aliases_lead_to_the_pool_and_are_listed() -> None:
    files = rendered(small_pool("chat", aliases=("gpt-4o", "Org/M-1.5")))
    assert re.findall(r'"(~\S+)" "(\S*)";', files["models.conf"]) == [
        (r"~^chat\z", "chat"),
        (r"~^gpt-4o\z", "chat"),
        (r"~^Org/M-1\.5\z", "chat"),
    ]
    pieces = re.findall(r"default '([^']*)'", files["models.conf"])
    listed = json.loads("".join(pieces))["data"]
    assert [model["id"] for model in listed] == ["Org/M-1.5", "chat", "gpt-4o"]


def test_only_paths_of_the_kinds_that_are_there_are_served() -> None:
    routes = gateway_files(full_plan())["routes.conf"]
    assert re.findall(r"set \$path_kind (\S+);", routes) == [
        "generation",
        "generation",
        "embeddings",
        "reranking",
    ]
    assert re.findall(r"location = (/v1/\S+) ", rendered(small_pool("chat"))["routes.conf"]) == [
        "/v1/models",
        "/v1/chat/completions",
        "/v1/completions",
    ]
    assert "wrong_path" not in rendered(small_pool("chat"))["errors.conf"]


def test_replicas_of_a_session_have_a_bound_and_the_rest_of_the_queue_overflows() -> None:
    pools = gateway_files(full_plan())["pools.conf"]
    blocks = dict(re.findall(r"upstream (\S+) \{(.*?)\n\}", pools, re.DOTALL))
    assert "hash $session_1 consistent;" in blocks["pool_chat.1"]
    assert "least_conn;" not in blocks["pool_chat.1"]
    assert "least_conn;" in blocks["overflow_chat.1"]
    # Two slots, two waiting by session, six more of the eight.
    assert re.findall(r"max_conns=(\d+)", blocks["pool_chat.1"]) == ["4", "4"]
    assert re.findall(r"max_conns=(\d+)", blocks["overflow_chat.1"]) == ["6", "6"]
    assert "overflow_embed" not in blocks


def test_a_drained_replica_is_down_for_its_sessions_and_for_the_overflow(tmp_path: Path) -> None:
    files = gateway_files(full_plan())
    release = tmp_path / "releases" / "one" / "nginx"
    release.mkdir(parents=True)
    (release / "pools.conf").write_text(files["pools.conf"])
    (tmp_path / "state" / "gateway").mkdir(parents=True)
    subprocess.run(
        ["bash", SET_DRAINS, str(tmp_path), "{}", "+chat.1-1.operator"], check=True, timeout=30
    )
    digest = pools_digest(files["pools.conf"])
    copy = (tmp_path / "state" / "gateway" / "pools" / f"{digest}.conf").read_text()
    down = [line.split()[-1] for line in copy.splitlines() if " down;" in line]
    assert down == ["chat.1-1", "chat.1-1"]


def test_a_stand_in_waits_in_both_upstreams_with_its_replicas_share() -> None:
    pool = small_pool("chat", 2, waiting_requests=8, affinity={})
    plan = small_plan(with_bounds(pool, 50, 100))
    stand_in = dataclasses.replace(plan.pools[0].replicas[1], name="chat-2-surge")
    plan = dataclasses.replace(plan, stand_ins={"chat-2": stand_in})
    pools = gateway_files(plan)["pools.conf"]
    lines = [line.split() for line in pools.splitlines() if line.endswith("# chat-2-surge")]
    assert [line[:2] for line in lines] == [["#", "server"]] * 2
    assert [line[4:6] for line in lines] == [
        ["weight=2", "max_conns=4"],
        ["weight=2", "max_conns=6"],
    ]


@pytest.mark.parametrize(
    ("bounds", "weights"),
    [
        ((50.0, 50.0, 50.0), []),
        # Less than a quarter faster is the same.
        ((50.0, 60.0, 50.0), []),
        ((50.0, 75.0, 100.0), ["2", "3", "4"]),
        ((50.0, 100.0, 100.0), ["2", "2"]),
    ],
)
def test_faster_hosts_get_a_larger_share(bounds: tuple[float, ...], weights: list[str]) -> None:
    files = rendered(with_bounds(small_pool("chat", 3), *bounds))
    assert re.findall(r" weight=(\d+)", files["pools.conf"]) == weights


def test_a_share_that_is_set_counts_and_a_speed_that_is_not_known_does_not() -> None:
    assert "weight" not in rendered(small_pool("chat", 2, weights={HOST: 7}))["pools.conf"]
    pool = with_bounds(small_pool("chat", 2), 50, 500)
    unknown = dataclasses.replace(pool.replicas[0], speed=None)
    replicas = (unknown, dataclasses.replace(pool.replicas[1], host="gpu2", endpoint="10.0.0.2:1"))
    pool = dataclasses.replace(pool, replicas=replicas)
    assert "weight" not in rendered(pool)["pools.conf"]
    shared = small_pool("chat", weights={"gpu2": 3}).routing
    files = rendered(dataclasses.replace(pool, routing=shared))
    assert "server 10.0.0.2:1 weight=3 max_conns" in files["pools.conf"]


def test_time_outs_of_a_pool_keep_the_retry_window_below_them() -> None:
    files = gateway_files(full_plan())
    routes = dict(re.findall(r"location @(\S+) \{(.*?)\n\}", files["silence_routes.conf"], re.S))
    found = {
        name: re.findall(r"(?:read_timeout|next_upstream_timeout|connect_timeout) (\d+m?s);", block)
        for name, block in routes.items()
    }
    assert found == {
        "stream_patient": ["90s", "10000ms", "2000ms"],
        "whole_patient": ["1200s", "10000ms", "2000ms"],
        "stream_patient.2": ["60s", "10000ms", "2000ms"],
        "whole_patient.2": ["600s", "10000ms", "2000ms"],
        "stream_rank": ["30s", "10000ms", "2000ms"],
        "whole_rank": ["600s", "10000ms", "2000ms"],
    }
    # A pool's workers outlive a reload as long as its answers.
    assert "worker_shutdown_timeout 3600s;" in files["nginx.conf"]
    longer = rendered(small_pool("chat", first_byte_seconds=7200))
    assert "worker_shutdown_timeout 7200s;" in longer["nginx.conf"]


def test_a_second_time_is_granted_only_to_what_no_engine_has_begun() -> None:
    text = rendered(small_pool("chat", 3))["failures.conf"]
    rules = re.findall(r'"~([^"]+)" (\w+);', text)

    def page(sent: str, status: str) -> str:
        found = (leads for rule, leads in rules if re.search(rule, f"{sent}|{status}"))
        return next(found, "broken_off")

    for sent, status in [("0", "504"), ("0", "502"), ("0, 0", "504, 502"), ("523, 0", "503, 502")]:
        assert page(sent, status) == "again", (sent, status)
    for sent, status, leads in [
        ("0, 0, 0", "504, 504, 504", "unavailable"),
        ("0 : 0", "502 : 502", "unavailable"),
        ("0, 0 : 0, 0", "504, 502 : 504, 504", "unavailable"),
        ("523, 523, 0", "503, 503, 502", "unavailable"),
        ("523", "504", "timed_out"),
        ("0, 523", "502, 504", "timed_out"),
        ("0 : 523", "502 : 504", "timed_out"),
        ("523", "502", "broken_off"),
        ("523, 523", "502, 502", "broken_off"),
        ("523, 0", "502, 502", "broken_off"),
        ("0 : 523, 0", "502 : 502, 502", "broken_off"),
    ]:
        assert page(sent, status) == leads, (sent, status)


def test_a_reason_is_told_only_where_the_first_one_asked_did_not_answer() -> None:
    text = gateway_files(full_plan())["answers.conf"].split("$fleet_reason {")[1].split("}")[0]
    rules = re.findall(r'"~([^"]+)" (\S+);', text)

    def reason(address: str, status: str) -> str:
        found = (word for rule, word in rules if re.search(rule, f"{address}|{status}"))
        return next(found, "")

    one, two = "10.0.0.1:8080", "10.0.0.2:8080"
    for address, status, wanted in [
        ("", "", ""),
        (one, "200", ""),
        (one, "503", ""),
        ("[fd00::1]:8080", "200", ""),
        (f"{one}, {two}", "503, 200", "replica_full"),
        (f"{one}, {two}", "429, 503", "replica_full"),
        (f"{one}, {two}", "502, 200", "replica_failed"),
        (f"{one} : {two}", "504 : 200", "replica_failed"),
        (f"pool_chat.1 : {two}", "502 : 200", "session_bound"),
        (f"pool_patient : {two}", "502 : 200", "pool_busy"),
    ]:
        assert reason(address, status) == wanted, (address, status)
