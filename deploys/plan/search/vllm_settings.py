"""A pool's own words for vLLM, against its model and the facts of the version."""

from collections.abc import Iterator

from deploys.engine_facts.facts import Facts
from deploys.engine_facts.judging import wrong
from deploys.plan.search.vllm_adapters import adapters_constraint
from deploys.plan.search.vllm_question import Question
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint
from deploys.settings.vllm import FLAGS, Vllm

# Of models that keep a state beside or instead of a cache.
ONE_STATE = "the plan counts one state for each request"


def why_no_prefixes(question: Question) -> str:
    """Why beginnings of prompts cannot be kept; empty where they can."""
    if question.words.kind != "generation":
        return "vectors and ranks are of whole texts"
    return f"{ONE_STATE}, and reuse needs two" if _keeps_states(question) else ""


def _keeps_states(question: Question) -> bool:
    shape = question.alternative.model.architecture
    return shape is not None and shape.recurrent is not None


def settings_constraint(question: Question) -> str | None:
    """Why the model cannot do what the pool's words ask, in words."""
    own = question.words.vllm or Vllm()
    no_adapters = adapters_constraint(question)
    if no_adapters:
        return no_adapters
    no_prefixes = why_no_prefixes(question)
    if own.prefix_caching and no_prefixes:
        return f"prefix_caching: {no_prefixes}"
    if own.drafts is not None and _keeps_states(question):
        # MambaSpec.num_speculative_blocks of vllm/v1/kv_cache_interface.py: one for each guess.
        return f"drafts: {ONE_STATE}, and each guess needs one more"
    asked = own.media is not None and any((own.media.image, own.media.video, own.media.audio))
    shape = question.alternative.model.architecture
    if asked and (shape is None or shape.vision is None):
        return "media: the model neither sees nor hears, as far as the catalogue knows"
    return None


def words_of_text(own: Vllm) -> list[str]:
    """Those that are about generated text."""
    said = {
        "tool_parser": own.tool_parser,
        "reasoning_parser": own.reasoning_parser,
        "drafts": own.drafts,
        "adapters": own.adapters or None,
    }
    return [name for name, value in said.items() if value is not None]


def vllm_complaints(file: str, path: str, pool: Pool, facts: Facts) -> Iterator[Complaint]:
    """About values that the version does not know, and words that are not for the pool's kind."""
    own = pool.vllm
    if own is None:
        return
    for name, flag in FLAGS.items():
        value = getattr(own, name)
        for one in wrong(facts, (flag, value)) if value is not None else ():
            yield Complaint(file, f"{path}.vllm.{name}", one.found, one.hint)
    if pool.kind != "generation":
        for name in words_of_text(own):
            found = f"set, and the pool answers {pool.kind}"
            yield Complaint(file, f"{path}.vllm.{name}", found, "leave it out: it is about text")
