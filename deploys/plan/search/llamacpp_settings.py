"""A pool's own words for llama.cpp, against the facts of the version."""

from collections.abc import Iterator

from deploys.engine_facts.facts import facts_of
from deploys.engine_facts.judging import wrong
from deploys.settings.engine_versions import engine_versions
from deploys.settings.environment import Environment
from deploys.settings.refusal import Complaint


def template_complaints(file: str, environment: Environment) -> Iterator[Complaint]:
    """About names of chat templates that the version does not have."""
    named = {name: pool.chat_template for name, pool in environment.pools.items()}
    said = {name: template for name, template in named.items() if template is not None}
    facts = facts_of("llamacpp", engine_versions(environment.images)["llamacpp"]) if said else None
    if facts is None:
        return
    for name, template in sorted(said.items()):
        for one in wrong(facts, ("--chat-template", template)):
            yield Complaint(file, f"pools.{name}.chat_template", one.found, one.hint)
