"""One replica of the real vLLM on two hosts: it answers, and its ranks live and die together."""

import pytest

from tests.lab.served import Served
from tests.lab.vllm_fleet import JOINED, commit
from tests.lab.waiting import until
from tests.real_vllm.asking import chat, streamed, told

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]

# A start of vLLM takes a minute, and three of them on a busy machine.
LONGEST_START_SECONDS = 600
RANKS = ("joined-1", "joined-1-rank1")


@pytest.fixture(scope="module")
def joined(on_vllm: Served) -> Served:
    """The fleet with this pool alone; what comes after brings its own."""
    commit(on_vllm, pools={"joined": JOINED})
    on_vllm.apply()
    return on_vllm


def _ranks(served: Served) -> dict[str, tuple[str, str]]:
    """Rank -> its host, and id and start of its container."""
    found = ((*name.split("/"), one) for name, one in served.containers().items())
    return {name: (host, one) for host, name, one in found if name in RANKS}


def test_both_hosts_compute_one_answer(joined: Served) -> None:
    assert {host for host, _ in _ranks(joined).values()} == {"gpu1", "gpu2"}
    answer = chat(joined, model="joined", max_tokens=12)
    assert told(answer)["message"]["content"]
    assert answer.json()["model"] == "joined"
    assert answer.json()["usage"]["completion_tokens"] == 12


def test_a_stream_of_both_comes_in_pieces_and_has_an_end(joined: Served) -> None:
    *events, end = streamed(joined, 100, model="joined")
    assert end is None
    texts = [one["choices"][0]["delta"].get("content") for one in events if one and one["choices"]]
    assert len([text for text in texts if text]) > 10


def test_a_rank_that_is_killed_alone_takes_rank_0_along_and_they_meet_again(joined: Served) -> None:
    """vLLM's own rank 0 would say that it is well until a request waits for the other one."""
    before = _ranks(joined)
    host, _ = before["joined-1-rank1"]
    find = "docker ps --quiet --filter label=com.docker.compose.service=joined-1-rank1"
    joined.host(host).run(f"kill -9 $(docker inspect -f '{{{{.State.Pid}}}}' $({find}))")
    until(lambda: all(_ranks(joined).get(one, before[one]) != before[one] for one in RANKS))
    until(
        lambda: chat(joined, model="joined").status_code == 200,
        every_seconds=1,
        longest_seconds=LONGEST_START_SECONDS,
    )
    # The same containers: Docker started them, no run did.
    assert _ids(_ranks(joined)) == _ids(before)


def _ids(ranks: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: one.split()[0] for name, (_, one) in ranks.items()}
