"""A real nginx that keeps answers: what is never kept, what a hit counts as, and how much is."""

import contextlib
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.cached_pools import FAILING, POOLS, WORDS, ask, embed, kept_files, told
from tests.e2e.gateway_lab import CHAT, Lab, docker, running_lab, said
from tests.e2e.gateway_tree import KEY
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway that keeps answers; each test asks for something else."""
    with running_lab(tmp_path_factory.mktemp("gateway"), nginx_image, POOLS, **WORDS) as lab:
        yield lab


@pytest.mark.parametrize(
    ("pool", "mode"),
    list(
        zip(
            FAILING,
            ["says 400", "says 404", "says 500", "says 503", "crashes", "hangs", "breaks off"],
            strict=True,
        )
    ),
)
def test_what_is_no_whole_answer_is_not_kept(lab: Lab, pool: str, mode: str) -> None:
    lab.engines(mode)
    with contextlib.suppress(httpx.RemoteProtocolError):
        failed = ask(lab, {"model": pool})
        assert failed.status_code != 200
    lab.engines("answers")
    # One that has failed twice is left out for 5 s.
    give_up = time.monotonic() + 10
    while (answer := ask(lab, {"model": pool})).status_code == 503:
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert told(answer) == "miss"
    assert told(ask(lab, {"model": pool})) == "hit"


def test_an_answer_may_take_as_long_as_its_pool_allows(lab: Lab) -> None:
    lab.engines("thinks")
    assert [told(ask(lab, {"model": "patient"})) for _ in range(2)] == ["miss", "hit"]


def test_an_answer_whose_client_hung_up_is_made_to_its_end_and_not_kept(lab: Lab) -> None:
    lab.engines("thinks")
    words = {"model": "patient", "temperature": 0, "seed": 1, "user": "gone"}
    shown = {"Authorization": f"Bearer {KEY}"}
    with pytest.raises(httpx.ReadTimeout):
        plain_http.post(lab.url + CHAT, json=words, headers=shown, timeout=0.5)
    give_up = time.monotonic() + 10
    while not (
        gone := [line for line in lab.log() if (line["pool"], line["bytes"]) == ("patient", 0)]
    ):
        assert time.monotonic() < give_up
        time.sleep(0.1)
    # The engine was heard to its end.
    assert gone[0]["upstream_status"] == "200"
    assert told(plain_http.post(lab.url + CHAT, json=words, headers=shown, timeout=15)) == "miss"


def test_a_kept_answer_counts_as_a_request_and_takes_no_tokens(lab: Lab) -> None:
    spent = {"max_tokens": 30}
    found = [told(ask(lab, spent, key="sk-counted")) for _ in range(4)]
    assert found == ["miss", "hit", "hit", "hit"]
    assert told(ask(lab, {"max_tokens": 20}, key="sk-counted")) == "miss"
    # The budget of 50 is used up now, also for what would cost none.
    assert said(ask(lab, spent, key="sk-counted")) == (429, "tokens_per_day")
    statuses = [ask(lab, {"user": "slow"}, key="sk-slow").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_the_folder_does_not_outgrow_its_limit(lab: Lab) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(headers=headers, timeout=15) as client:
        for number in range(400):
            body = {"model": "embed", "input": f"text {number}"}
            assert told(client.post(lab.url + "/v1/embeddings", json=body)) == "miss"
    give_up = time.monotonic() + 25
    while (used_kib := sum(size_kib for _, size_kib in kept_files(lab))) > 1024:
        assert time.monotonic() < give_up, used_kib
        time.sleep(1)
    assert told(embed(lab, "text 0")) == "miss"
    assert told(embed(lab, "text 399")) == "hit"


def test_kept_answers_hold_no_request_and_nobody_else_may_read_them(lab: Lab) -> None:
    assert told(ask(lab, {"user": "a secret word"})) == "miss"
    found = docker(
        *("exec", lab.container("nginx"), "grep", "-rl", "a secret word"),
        "/srv/homeport/state/gateway/answers",
        expect=1,
    )
    assert found == ""
    assert {mode for mode, _ in kept_files(lab)} == {"600"}
