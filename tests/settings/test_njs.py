"""What needs njs is refused where a gateway does without, each with the reason."""

from pathlib import Path

import pytest

from deploys.settings.environment import read_environment
from deploys.settings.refusal import Complaint, Refused
from tests.environments import POOL, WORDS, write_environment
from tests.render.cloud_plans import CLOUD

GATEWAY = WORDS["gateway"]
CLIENTS = {"demo": {"key": "env:DEMO", "tier": "t"}, "free": {"key": "env:FREE"}}


def _complaints(root: Path, **words: object) -> list[Complaint]:
    with pytest.raises(Refused) as refused:
        read_environment(write_environment(root, words), "small")
    return list(refused.value.complaints)


def _gateway(**words: object) -> dict[str, object]:
    assert isinstance(GATEWAY, dict)
    return {**GATEWAY, "njs": False, **words}


def test_everything_that_needs_it_is_refused_at_once_with_the_reason(tmp_path: Path) -> None:
    tiers = {
        "t": {"tokens_per_day": 5, "tokens_per_minute": 5, "requests_per_second": 5},
        "unused": {"tokens_per_day": 5},
    }
    found = _complaints(
        tmp_path,
        gateway=_gateway(answer_cache={}, tiers=tiers),
        clients=CLIENTS,
        pools={
            "chat": {**POOL, "stream_silence_seconds": 9, "affinity": {}, "cloud": "fallback"},
            "mail": {**POOL, "canary": {"candidate": "code"}},
            "code": {**POOL, "answer_cache": "by_client", "affinity": {"header": "X-Session"}},
        },
        cloud=CLOUD,
    )
    assert {(one.path, one.found.rpartition(": ")[2]) for one in found} == {
        ("cloud", "it writes the provider's model into the body and counts what is spent"),
        ("gateway.answer_cache", "answers are kept by a digest of the body"),
        ("gateway.tiers.t.tokens_per_day", "tokens are read from the answers"),
        ("gateway.tiers.t.tokens_per_minute", "tokens are read from the answers"),
        ("pools.chat.affinity", "without a header a session is known by the body"),
        ("pools.chat.stream_silence_seconds", "streams are known by their body"),
        ("pools.mail.canary", "a request is led to the candidate once its body is read"),
        ("pools.code.answer_cache", "answers are kept by a digest of the body"),
    }
    assert {one.hint for one in found} == {"leave it out, or `gateway.njs`"}
    assert all("needs njs, and gateway.njs is off" in one.found for one in found)
    assert all("inventories/group_data/small.py:" in one.file for one in found)


@pytest.mark.parametrize(
    ("gateway", "found", "hint"),
    [
        ({"default_pool": "chta"}, "`chta` is no pool", "did you mean `chat`?"),
        (
            {"default_pool": "chat", "njs": True},
            "is said, and pools are found by the model in the body",
            "leave it out, or say `njs: False`",
        ),
    ],
)
def test_a_default_pool_that_leads_nowhere_is_refused(
    tmp_path: Path, gateway: dict[str, object], found: str, hint: str
) -> None:
    (one,) = _complaints(tmp_path, gateway=_gateway(**gateway))
    assert (one.path, one.found, one.hint) == ("gateway.default_pool", found, hint)


def test_all_that_does_not_need_it_is_read(tmp_path: Path) -> None:
    pools = {"chat": {**POOL, "affinity": {"header": "X-Session"}, "first_byte_seconds": 9}}
    words = {
        "pools": pools,
        "gateway": _gateway(default_pool="chat", tiers={"t": {"concurrent_requests": 2}}),
        "clients": {"demo": {"keys": {"a": {"key": "env:A", "valid_until": "2030-01-01"}}}},
    }
    read = read_environment(write_environment(tmp_path, words), "small").gateway
    assert (read.njs, read.default_pool) == (False, "chat")
