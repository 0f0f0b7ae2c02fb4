"""A gateway without njs, as its files have it: no script, pools by path, keys that end."""

import re
from datetime import UTC, datetime

import pytest

from deploys.plan.plan import Plan
from deploys.render.nginx_clients import earlier
from tests.render.gateway_files import gateway_files, locations, words
from tests.render.plans import CLIENTS, LIMITED_CLIENTS, TLS, small_plan, small_pool

POOLS = (
    small_pool("chat", 2, affinity={"header": "X-Session-Id"}),
    small_pool("code", first_byte_seconds=9),
    small_pool("embed", kind="embeddings"),
)


def plan(*pools: object, **gateway: object) -> Plan:
    """A plan whose gateway does without njs."""
    clients = {**CLIENTS, "team": {"keys": LIMITED_CLIENTS["team-a"]["keys"]}}
    chosen = pools or POOLS
    settings = {"njs": False, "tls": TLS, **gateway}
    return small_plan(*chosen, gateway=settings, clients=clients)  # type: ignore[arg-type]


def test_no_file_and_no_line_of_it_is_a_script() -> None:
    files = gateway_files(plan(default_pool="chat"))
    assert not [name for name in files if name.endswith(".js")]
    everything = [word for text in files.values() for word in words(text)]
    assert not [word for word in everything if word.startswith(("js_", "load_module"))]
    assert not {"$key_digest", "$public_model", "$body_user", "$body_stream"} & set(everything)


def _pools_by_location(files: dict[str, str]) -> dict[str, str]:
    found = {
        name: re.findall(r"set \$pool (\S+);", text) for name, text in locations(files).items()
    }
    return {name.removeprefix("= "): pools[0] for name, pools in found.items() if pools}


def test_each_pool_has_its_paths_and_a_pool_alone_of_its_kind_those_below_v1() -> None:
    chat = {f"/pools/{name}/v1/{path}": name for name in ("chat", "code")
            for path in ("chat/completions", "completions")}  # fmt: skip
    embed = {"/pools/embed/v1/embeddings": "embed", "/v1/embeddings": "embed"}
    assert _pools_by_location(gateway_files(plan())) == {**chat, **embed}
    below = {"/v1/chat/completions": "code", "/v1/completions": "code"}
    with_default = gateway_files(plan(default_pool="code"))
    assert _pools_by_location(with_default) == {**chat, **embed, **below}


def test_a_pools_time_outs_stand_in_its_own_locations() -> None:
    blocks = locations(gateway_files(plan()))
    slow = {name for name, text in blocks.items() if "proxy_read_timeout 9s;" in text}
    assert slow == {"= /pools/code/v1/chat/completions", "= /pools/code/v1/completions",
                    "@whole_code"}  # fmt: skip


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2027-02-01", ["2027-01-31T23:59:59", "2001-09-09T02:00:00"], ["2027-02-01T00:00:00"]),
        ("2020-01-01", ["2019-12-31T23:59:59"], ["2020-01-01T00:00:00", "2286-01-01T00:00:00"]),
        ("2001-01-01", [], ["2001-09-09T02:00:00"]),
        ("2999-12-31", ["2026-01-01T00:00:00", "2286-11-20T00:00:00"], []),
    ],
)
def test_times_are_compared_by_their_digits(day: str, before: list[str], after: list[str]) -> None:
    def seconds(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())

    pattern = re.compile(f"({earlier(seconds(f'{day}T00:00:00'))})")
    assert all(pattern.match(f"{seconds(one)}.123") for one in before)
    assert not any(pattern.match(f"{seconds(one)}.123") for one in after)
