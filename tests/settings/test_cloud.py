"""What settings say about the cloud is complete and leads nowhere by mistake, or is refused."""

from pathlib import Path
from typing import Any

import pytest

from deploys.settings import inventory
from deploys.settings.environment import Environment, read_environment
from deploys.settings.refusal import Complaint, Refused
from tests.environments import POOL, write_environment
from tests.render.cloud_plans import CLOUD

CLIENT = {"key": "env:HOMEPORT_TEST_KEY"}


def _words(
    cloud: dict[str, Any] | None = None,
    pool: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An environment whose one pool and one client may use the cloud, changed."""
    return {
        "pools": {"chat": {**POOL, **({"cloud": "fallback"} if pool is None else pool)}},
        "clients": {"demo": {**CLIENT, **({"cloud": "fallback"} if client is None else client)}},
        "cloud": {**CLOUD, **(cloud or {})},
    }


@pytest.fixture(autouse=True)
def _without_pyinfra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loader takes half a second; what it does is tested beside the other settings."""

    def ask(root: Path, _path: Path) -> list[dict[str, Any]]:
        data: dict[str, Any] = {}
        exec((root / "inventories/group_data/small.py").read_text(), data)  # noqa: S102 - ours
        del data["__builtins__"]
        groups = ["small", "gpu_hosts", "gateways"]
        return [{"name": "@local", "groups": groups, "data": {"directory": ".h", **data}}]

    monkeypatch.setattr(inventory, "_ask_pyinfra", ask)


def _read(root: Path, words: dict[str, Any]) -> Environment:
    return read_environment(write_environment(root, words), "small")


def _complaints(root: Path, words: dict[str, Any]) -> list[Complaint]:
    with pytest.raises(Refused) as refused:
        _read(root, words)
    return list(refused.value.complaints)


def test_a_cloud_is_read_with_the_arms_of_pools_and_clients(tmp_path: Path) -> None:
    environment = _read(tmp_path, _words())
    assert environment.cloud is not None
    assert environment.cloud.server == "api.acme.test:443"
    assert environment.cloud.path == "/openai/v1"
    assert environment.pools["chat"].cloud == "fallback"
    assert environment.clients["demo"].cloud == "fallback"


def test_nothing_may_leave_unless_it_is_said(tmp_path: Path) -> None:
    environment = _read(tmp_path, {})
    assert environment.cloud is None
    assert {pool.cloud for pool in environment.pools.values()} == {"never"}
    assert {client.cloud for client in environment.clients.values()} == {"never"}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "sovereign pool": (
        _words(pool={"cloud": "fallback", "sovereign": True}),
        *("pools.chat.cloud", "sovereign means never"),
    ),
    "sovereign client": (
        _words(client={"cloud": "share", "sovereign": True}),
        *("clients.demo.cloud", "sovereign means never"),
    ),
    "pool that makes no text": (
        _words(pool={"cloud": "fallback", "kind": "embeddings"}),
        *("pools.chat.cloud", "another model's vectors"),
    ),
    "pool that ranks": (
        _words(pool={"cloud": "share", "kind": "reranking"}),
        *("pools.chat.cloud", "another model's vectors"),
    ),
    "no provider": (
        {**_words(), "cloud": None},
        *("pools.chat.cloud", "describe the provider"),
    ),
    "no share": (_words(client={"cloud": "share"}), "clients.demo.cloud", "cloud.share_percent"),
    "model of no pool": (
        _words({"models": {"chat": "acme/large-2", "chatt": "acme/large-2"}}),
        *("cloud.models.chatt", "did you mean `chat`?"),
    ),
    "model of a pool that stays": (
        _words(pool={"sovereign": True}),
        *("cloud.models.chat", "leave it out"),
    ),
    "pool without a model": (
        {**_words(), "pools": {
            "chat": {**POOL, "cloud": "fallback"},
            "more": {**POOL, "cloud": "fallback"},
        }},
        *("pools.more.cloud", "add `more` to cloud.models"),
    ),
    "no CA": (_words({"authority": "inventories/none.pem"}), "cloud.authority", "commit the CA's"),
    "plain HTTP": (_words({"base_url": "http://api.acme.test/v1"}), "cloud.base_url", "https://"),
    "an address": (_words({"base_url": "https://203.0.113.7/v1"}), "cloud", "a name in base_url"),
    "a query": (_words({"base_url": "https://a.test/v1?x=$y"}), "cloud.base_url", "pattern"),
    "our own header": (_words({"headers": {"Authorization": "x"}}), "cloud", "set itself"),
    "a header twice": (_words({"headers": {"X-A": "1", "x-a": "2"}}), "cloud", "each header once"),
    "a quote": (_words({"headers": {"X-A": 'a"b'}}), "cloud.headers.X-A", "pattern"),
    "a key in clear": (_words({"key": "sk-123"}), "cloud.key", "env:"),
    "no cap per day": (
        _words({"budget": {"day": {}, "month": {"requests": 1}}}),
        *("cloud", "a cap per day"),
    ),
    "no price": (_words({"models": {"chat": "acme/small"}}), "cloud", "acme/small"),
    "a day that no calendar has": (
        _words({"prices": {**CLOUD["prices"], "date": "2026-02-30"}}),
        *("cloud.prices.date", "a day of the calendar"),
    ),
    "a misspelt word": (_words({"modells": {}}), "cloud.modells", "did you mean `models`?"),
    "a misspelt arm": (_words(pool={"cloud": "fallbck"}), "pools.chat.cloud", "`fallback`"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_with_what_does(tmp_path: Path, case: str) -> None:
    words, path, hint = WRONG[case]
    words = {key: value for key, value in words.items() if value is not None}
    found = _complaints(tmp_path, words)
    assert [one for one in found if one.path == path and hint in one.hint], found
    assert all(one.file.startswith("inventories/") for one in found)
