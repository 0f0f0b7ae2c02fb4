"""Flags of vLLM that come from a pool's own words for it, not from the plan's arithmetic."""

import json

from deploys.plan.arguments import VllmArguments
from deploys.render.engines.service import Argument
from deploys.settings.vllm import Vllm

# A domain that cannot exist (RFC 2606): only what a request itself holds is read.
NOWHERE = "none.invalid"
# Where a container finds its adapters, each in a folder of its name.
ADAPTERS = "/adapters"


def own_arguments(own: Vllm) -> list[Argument]:
    """How the model writes calls and thoughts, what requests may bring, and how it ends."""
    return [
        *_parsers(own),
        *_drafts(own),
        Argument(("--shutdown-timeout", str(own.shutdown_seconds)), "Its default cuts streams."),
        *_media(own),
    ]


def _parsers(own: Vllm) -> list[Argument]:
    found = []
    if own.tool_parser is not None:
        found += [
            Argument(
                ("--enable-auto-tool-choice",), "Whether to call a tool is the model's choice."
            ),
            Argument(("--tool-call-parser", own.tool_parser), "How this model writes the call."),
        ]
    if own.reasoning_parser is not None:
        reason = "How this model marks its thoughts: they are answered apart."
        found.append(Argument(("--reasoning-parser", own.reasoning_parser), reason))
    return found


def _drafts(own: Vllm) -> list[Argument]:
    if own.drafts is None:
        return []
    words = {
        "method": "ngram",
        "num_speculative_tokens": own.drafts.tokens,
        "prompt_lookup_max": own.drafts.longest_match,
    }
    reason = "Guesses from the prompt: no second model, and no memory that no plan has counted."
    return [Argument(("--speculative-config", _json(words)), reason)]


def _media(own: Vllm) -> list[Argument]:
    domains = own.media.domains if own.media else ()
    reason = "Images come in requests; by default it fetches any URL that a client names."
    if domains:
        reason = "By default it fetches any URL that a client names."
    found = [Argument(("--allowed-media-domains", *(domains or (NOWHERE,))), reason)]
    if own.media is not None:
        limits = own.media.model_dump(include={"image", "video", "audio"})
        found.append(Argument(("--limit-mm-per-prompt", _json(limits)), "999 of each by default."))
    return found


def adapter_arguments(plan: VllmArguments) -> list[Argument]:
    """Those that are served beside the model; none may be added while it runs."""
    names = plan.own.adapters
    if not names:
        return []
    modules = [f"{name}={ADAPTERS}/{name}" for name in names]
    return [
        Argument(("--enable-lora",)),
        Argument(("--lora-modules", *modules), "Each is asked for by its own name."),
        Argument(("--max-loras", str(len(names))), "All of them may be in one batch."),
        Argument(("--max-lora-rank", str(plan.adapter_rank)), "The least for the largest of them."),
    ]


def _json(words: dict[str, object]) -> str:
    return json.dumps(words, separators=(",", ":"))
