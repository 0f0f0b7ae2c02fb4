"""The real vLLM is replaced and stopped while it answers: what is under way comes to its end."""

import threading
from typing import Any

import pytest
import yaml

from tests.lab.served import NAME, Served
from tests.lab.vllm_fleet import CHAT, CONTEXT_TOKENS, SHUTDOWN_SECONDS, VECTORS, commit
from tests.real_vllm.asking import chat, streamed, told

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]

# With the prompt it is less than the context, and lasts some seconds.
TOKENS = CONTEXT_TOKENS - 100
CHAT_1 = "docker ps --all --quiet --filter label=com.docker.compose.service=chat-1"


class Stream:
    """One that runs beside the test."""

    def __init__(self, served: Served) -> None:
        self.events: list[dict[str, Any] | None] = []
        self.first = threading.Event()
        self.thread = threading.Thread(target=self._read, args=(served,))
        self.thread.start()
        assert self.first.wait(60)

    def _read(self, served: Served) -> None:
        for event in streamed(served, TOKENS):
            self.events.append(event)
            self.first.set()

    def is_whole(self) -> bool:
        """Once it has ended."""
        self.thread.join(SHUTDOWN_SECONDS)
        last = next(one for one in reversed(self.events) if one and one["choices"])
        return self.events[-1] is None and last["choices"][0]["finish_reason"] == "length"


def test_a_rollout_lets_a_stream_end_and_brings_what_was_committed(on_vllm: Served) -> None:
    commit(on_vllm, pools={"chat": {**CHAT, "slots": 3}, "vectors": VECTORS})
    before = on_vllm.containers()
    stream = Stream(on_vllm)
    on_vllm.apply()
    assert stream.is_whole()
    after = on_vllm.containers()
    assert {name for name in after if after[name] != before[name]} == {"gpu1/chat-1"}
    assert told(chat(on_vllm))["message"]["content"]
    assert on_vllm.findings() == []


def test_a_stop_waits_for_what_runs_within_the_time_that_the_kit_gives(on_vllm: Served) -> None:
    """Last here: it does not run any more. Docker kills, with 137, what takes longer."""
    file = on_vllm.checkout.path / "compose" / NAME / "gpu1" / "gpu_hosts" / "compose.yaml"
    grace = yaml.safe_load(file.read_text())["services"]["chat-1"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > SHUTDOWN_SECONDS
    stream = Stream(on_vllm)
    gpu1 = on_vllm.host("gpu1")
    gpu1.run(f"docker stop --time {grace.removesuffix('s')} $({CHAT_1})")
    assert stream.is_whole()
    code = gpu1.run(f"docker inspect --format '{{{{.State.ExitCode}}}}' $({CHAT_1})")
    assert code.strip() == "0"
