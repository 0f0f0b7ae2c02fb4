"""What the commit says a model can take, by the command lines of its engines."""

import itertools
from collections.abc import Iterator, Sequence

from checks.asking import Model
from checks.fleet import Fleet
from deploys.questions.engine_answers import served

# Words that an engine is started with to see images, or to find calls of tools in what it says.
SEES = ("--mmproj", "--limit-mm-per-prompt")
CALLS_TOOLS = ("--tool-call-parser",)


def promises(fleet: Fleet, model: Model, words: Sequence[str]) -> bool:
    """Whether an engine of the model is started with one of these words."""
    return any(word in command for command in _commands(fleet, model) for word in words)


def context_tokens(fleet: Fleet, model: Model) -> int | None:
    """The longest prompt and answer together of any of its replicas; None where no command says."""
    return max(filter(None, map(_context, _commands(fleet, model))), default=None)


def _commands(fleet: Fleet, model: Model) -> Iterator[list[str]]:
    for committed in fleet.committed.values():
        for replica in committed.replicas:
            service = committed.services[replica.name]
            command = [str(word) for word in service.get("command") or ()]
            if served(command, service.get("labels") or {}).model == model.name:
                yield command


def _context(command: Sequence[str]) -> int | None:
    """vLLM's is of one request; llama-server shares its own out among slots."""
    given = dict(itertools.pairwise(command))
    if "--max-model-len" in given:
        return int(given["--max-model-len"])
    if "--ctx-size" in given:
        return int(given["--ctx-size"]) // int(given.get("--parallel", 1))
    return None
