"""Candidates that could not take a pool's place are refused, each with what fits."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploys.settings.canary import Canary
from deploys.settings.canary_consistency import canary_inconsistencies
from deploys.settings.client import Client
from deploys.settings.golden import read_golden
from deploys.settings.inventory import Inventory, InventoryHost
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from tests.environments import ROOT
from tests.settings.readme_example import readme_example

POOL = {"model": "tiny-random", "context_tokens": 512}
CLOUD = {"candidate": "cloud"}


def refusals(
    pools: Mapping[str, Mapping[str, object]],
    root: Path = ROOT,
    testers: tuple[str, ...] = ("ana",),
) -> dict[str, tuple[str, str]]:
    """Path -> what was found and what fits, for pools that say so and for the pool `next`."""
    said: dict[str, Mapping[str, object]] = {"next": {}, **pools}
    settings = {name: Pool.model_validate({**POOL, **words}) for name, words in said.items()}
    clients = {
        name: Client.model_validate({"key": f"env:{name.upper()}", "tester": name in testers})
        for name in ("ana", "bo")
    }
    hosts = (InventoryHost("gate1", "gate1", ("lab",), {}),)
    inventory = Inventory(root, "lab", hosts)
    found = canary_inconsistencies(inventory, settings, clients)
    return {one.path: (one.found, one.hint) for one in found}


def test_another_pool_of_the_same_kind_and_at_least_the_same_context_is_a_candidate() -> None:
    chat = {"canary": {"candidate": "next"}}
    assert refusals({"chat": chat}) == {}
    assert refusals({"chat": chat, "next": {"context_tokens": 1024}}) == {}
    assert refusals({"chat": {"canary": CLOUD, "cloud": "fallback"}}) == {}


@pytest.mark.parametrize(
    ("pools", "found", "hint"),
    [
        ({"chat": {"canary": {"candidate": "nxet"}}}, "`nxet` is no pool", "`next`"),
        ({"chat": {"canary": {"candidate": "chat"}}}, "is the pool itself", "another pool"),
        (
            {"chat": {"canary": {"candidate": "next"}}, "next": {"kind": "embeddings"}},
            "`next` answers embeddings, and `chat` generation",
            "of the same kind",
        ),
        (
            {"chat": {"answer_cache": "by_client", "canary": {"candidate": "next"}}},
            "`chat` keeps answers",
            "leave `answer_cache` out",
        ),
        (
            {"chat": {"context_tokens": 1024, "canary": {"candidate": "next"}}},
            "`next` takes 512 tokens, `chat` 1024",
            "would be refused",
        ),
        (
            {
                "chat": {"canary": {"candidate": "next"}},
                "next": {"canary": {"candidate": "last"}},
                "last": {},
            },
            "`next` has a canary of its own",
            "one at a time",
        ),
        ({"chat": {"canary": CLOUD}}, "never leave the fleet", "pools.chat.cloud"),
        (
            {"chat": {"canary": CLOUD, "cloud": "share"}, "cloud": {}},
            "`cloud` is a pool here, too",
            "another name",
        ),
        (
            {
                "rank": {"kind": "reranking", "canary": {"candidate": "next"}},
                "next": {"kind": "reranking", "model": "other"},
            },
            "has another model, for reranking",
            "poison an index",
        ),
        (
            {"embed": {"kind": "embeddings", "canary": CLOUD}},
            "the cloud, for embeddings",
            "leave it out",
        ),
    ],
)
def test_a_candidate_that_does_not_fit_is_refused(
    pools: dict[str, dict[str, object]], found: str, hint: str
) -> None:
    (told,) = (one for path, one in refusals(pools).items() if path.endswith("candidate"))
    assert found in told[0]
    assert hint in told[1]


def test_embeddings_may_try_another_release_of_the_same_model() -> None:
    same = {"kind": "embeddings"}
    assert refusals({"embed": {**same, "canary": {"candidate": "next"}}, "next": same}) == {}


def test_copies_never_go_to_the_cloud() -> None:
    found = refusals({"chat": {"cloud": "share", "canary": {**CLOUD, "shadow": {"percent": 5}}}})
    assert found["pools.chat.canary.shadow"][0] == "copies to the cloud"


def test_golden_prompts_need_a_tester_and_a_file_of_prompts(tmp_path: Path) -> None:
    pool = {"chat": {"canary": {"candidate": "next", "golden": "golden.yaml"}}}
    found = refusals(pool, tmp_path, ())
    assert found["pools.chat.canary.golden"][1] == "give a client `tester: True`"
    assert found[""][0] == "cannot be read: No such file or directory"
    (tmp_path / "golden.yaml").write_text("- {prompt: 'What is 2 + 2?', matches: '4'}\n")
    assert refusals(pool, tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]", "holds no prompt"),
        ("- {prompt: x, matches: '['}", "found '['"),
        ("- {prompt: x}", "is missing"),
        ("- {prompt: x, matches: y, match: z}", "is not a known key"),
        ("a: b", "found"),
        ("- {", "is not YAML"),
        ("- 2026-02-30", "is not YAML"),
    ],
)
def test_a_file_of_golden_prompts_is_read_strictly(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "golden.yaml").write_text(text)
    with pytest.raises(Refused, match=r"golden\.yaml") as refused:
        read_golden(tmp_path, "golden.yaml")
    assert found in refused.value.complaints[0].found


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"candidate": "next", "percent": 10}, "canary.percent"),
        ({"candidate": "next", "minimum_requests": 10}, "canary.minimum_requests"),
        ({"candidate": "next", "golden": "../secret.yaml"}, "canary.golden"),
        ({"candidate": "next", "session_header": "X_Session"}, "canary.session_header"),
        ({"candidate": "next", "shadow": {"percent": 0}}, "canary.shadow.percent"),
        ({}, "canary.candidate"),
    ],
)
def test_what_a_canary_says_is_strict(words: dict[str, object], path: str) -> None:
    with pytest.raises(ValueError, match=rf"(?m)^{re.escape(path)}$"):
        Pool.model_validate({**POOL, "canary": words})


def test_the_example_in_the_readme_is_what_fits() -> None:
    read = readme_example("A pool's candidate")
    canary = read.pools["chat"].canary
    assert canary is not None
    defaults = Canary(candidate="chat-next")
    for word in ("minimum_requests", "tolerated_error_points", "tolerated_latency_ratio"):
        assert getattr(canary, word) == getattr(defaults, word)
    assert read.clients["ana"].tester
