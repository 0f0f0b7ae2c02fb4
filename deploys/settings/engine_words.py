"""Unknown words in a pool's own block for an engine, told by the facts of the version it runs.

Whoever copies a flag from another version or a guide learns who had it and what replaced it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from deploys.engine_facts.facts import facts_of
from deploys.engine_facts.judging import unknown
from deploys.settings.engine_versions import engine_versions
from deploys.settings.image import Image, ImageName
from deploys.settings.refusal import Complaint
from deploys.settings.validation import UNKNOWN_KEY
from deploys.settings.vllm import SAID_BY

_OF_VLLM = re.compile(r"^pools\.[^.]+\.vllm\.(\w+)$")
_IMAGES = TypeAdapter(dict[ImageName, Image])


def by_facts(complaint: Complaint, raw: Mapping[str, object]) -> Complaint:
    """The same complaint, or a better one about the flag that the unknown word names.

    `raw` is what the settings say, of which some may be wrong.
    """
    match = _OF_VLLM.match(complaint.path)
    if match is None or complaint.found != UNKNOWN_KEY:
        return complaint
    facts = facts_of("vllm", _vllm_version(raw))
    if facts is None:
        return complaint
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


def _vllm_version(raw: Mapping[str, object]) -> str:
    """Of the image that is set, or the pinned one."""
    try:
        return engine_versions(_IMAGES.validate_python(raw.get("images", {})))["vllm"]
    except ValidationError:
        return engine_versions({})["vllm"]
