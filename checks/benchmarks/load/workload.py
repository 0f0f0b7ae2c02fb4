"""What is asked, request by request: the same lengths in the same order for the same seed."""

import itertools
import json
import random
import time
from dataclasses import dataclass

from checks.benchmarks.load.lengths import Lengths
from checks.benchmarks.load.prompts import Prompt, Scale, prompt

# Made before anybody waits for them: drawing a prompt of thousands of words takes longer than an
# event loop with 128 streams may stand still. Then they come again, each with a new nonce.
PREPARED = 256
# Of a context, for the chat template and for words that are not quite so many tokens.
SPARE_TOKENS = 32


@dataclass(frozen=True)
class Workload:
    """What each request asks for."""

    model: str
    path: str
    prompt: Lengths
    completion: Lengths
    shared_tokens: int = 0
    """Of each prompt, from its beginning: what a prefix cache may have."""
    seed: int = 1


class Bodies:
    """Requests ready to be sent."""

    def __init__(self, workload: Workload, scale: Scale, context_tokens: int) -> None:
        chance = random.Random(workload.seed)  # noqa: S311 - load, no secret
        self._workload = workload
        drawn = [_drawn(workload, chance, context_tokens) for _ in range(PREPARED)]
        shared = scale.words_for(workload.shared_tokens) if workload.shared_tokens else 0
        self._prepared = [
            (prompt(chance, scale.words_for(prompt_tokens), shared), completion_tokens)
            for prompt_tokens, completion_tokens in drawn
        ]
        # Not of the seed: an engine may still have the prompts of the last benchmark.
        self._nonces = itertools.count(time.time_ns())
        self.rewind()

    def rewind(self) -> None:
        """From the first one again, as each run does: every run asks the same."""
        self._next = itertools.cycle(self._prepared)

    def take(self) -> bytes:
        """The next one."""
        text, completion_tokens = next(self._next)
        return self.body(text, completion_tokens)

    def body(self, text: Prompt, completion_tokens: int) -> bytes:
        """A streamed chat. The engine must not end it early: lengths are what was drawn, and not
        what a model has to say (`ignore_eos` is a word of vLLM's, llama.cpp's and LocalAI's).
        """
        messages = [{"role": "user", "content": text.text(str(next(self._nonces)))}]
        document = {
            "model": self._workload.model,
            "messages": messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": completion_tokens,
            "ignore_eos": True,
        }
        return json.dumps(document).encode()


def _drawn(workload: Workload, chance: random.Random, context_tokens: int) -> tuple[int, int]:
    """Tokens of a prompt and of its answer; together they fit into the context."""
    room = max(2, context_tokens - SPARE_TOKENS)
    completion_tokens = workload.completion.draw(chance, room - 1)
    return workload.prompt.draw(chance, room - completion_tokens), completion_tokens
