"""Unknown words in a pool's own block for an engine, told by the engine's facts.

Whoever copies a flag from another version or a guide learns who had it and what replaced it.
"""

import re
from dataclasses import replace

from deploys.engine_facts.facts import facts_of, versions
from deploys.engine_facts.judging import unknown
from deploys.settings.refusal import Complaint
from deploys.settings.vllm import SAID_BY

_OF_VLLM = re.compile(r"^pools\.[^.]+\.vllm\.(\w+)$")
UNKNOWN = "is not a known key"


def by_facts(complaint: Complaint) -> Complaint:
    """The same complaint, or a better one about the flag that the unknown word names."""
    match = _OF_VLLM.match(complaint.path)
    if match is None or complaint.found != UNKNOWN:
        return complaint
    facts = facts_of("vllm", versions("vllm")[-1])
    assert facts is not None  # noqa: S101 - one of those that there are
    flag = f"--{match[1].replace('_', '-')}"
    if flag in facts.gone:
        one = unknown(facts, flag)
        return replace(complaint, found=f"{flag} {one.found}", hint=one.hint)
    if flag in facts.names:
        said = SAID_BY.get(flag)
        hint = f"say it with the pool's `{said}`" if said else complaint.hint
        found = f"{flag} is a flag of vllm {facts.version} that is not set from here"
        return replace(complaint, found=found, hint=hint)
    return complaint
