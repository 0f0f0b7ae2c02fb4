"""Unknown words in a pool's own block for an engine, told by the facts of the version it runs.

Whoever copies a flag from another version or a guide learns who had it and what replaced it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from deploys.engine_facts.facts import facts_of
from deploys.engine_facts.judging import unknown
from deploys.engine_facts.localai_facts import localai_facts
from deploys.settings.engine_versions import engine_versions
from deploys.settings.image import Image, ImageName
from deploys.settings.localai_keys import said_by
from deploys.settings.refusal import Complaint
from deploys.settings.validation import UNKNOWN_KEY
from deploys.settings.vllm import SAID_BY

_OWN_WORD = re.compile(r"^pools\..+\.(vllm|localai)\.(\w+)$")
_IMAGES = TypeAdapter(dict[ImageName, Image])


def by_facts(complaint: Complaint, raw: Mapping[str, object]) -> Complaint:
    """The same complaint, or a better one about the flag that the unknown word names.

    `raw` is what the settings say, of which some may be wrong.
    """
    match = _OWN_WORD.match(complaint.path)
    if match is None or complaint.found != UNKNOWN_KEY:
        return complaint
    engine, word = match.groups()
    told = _of_vllm if engine == "vllm" else _of_localai
    return told(complaint, word, _version(engine, raw))


def _of_vllm(complaint: Complaint, word: str, version: str) -> Complaint:
    facts = facts_of("vllm", version)
    if facts is None:
        return complaint
    flag = f"--{word.replace('_', '-')}"
    if flag in facts.gone:
        one = unknown(facts, flag)
        return replace(complaint, found=f"{flag} {one.found}", hint=one.hint)
    if flag in facts.names:
        said = SAID_BY.get(flag)
        hint = f"say it with the pool's `{said}`" if said else complaint.hint
        found = f"{flag} is a flag of vllm {facts.version} that is not set from here"
        return replace(complaint, found=found, hint=hint)
    return complaint


def _of_localai(complaint: Complaint, word: str, version: str) -> Complaint:
    """LocalAI's own words are keys of its model file, and variables."""
    facts = localai_facts(version)
    if facts is None:
        return complaint
    gone = facts.gone.get(word) or facts.gone_environment.get(word)
    said = said_by(word)
    places = [key for key in facts.keys if key.rpartition(".")[2] == word]
    if gone is not None:
        found = f"`{word}` is read by nothing in LocalAI {facts.version}"
        return replace(complaint, found=found, hint=gone.instead)
    if said or places:
        found = f"`{word}` is a key of LocalAI's model file, not of this block"
        hint = f"say it with the pool's `{said}`" if said else f"`{places[0]}`, below `keys`"
        return replace(complaint, found=found, hint=hint)
    if word in facts.environment:
        found = f"{word} is a variable of LocalAI {facts.version} that is not set from here"
        return replace(complaint, found=found)
    return complaint


def _version(engine: str, raw: Mapping[str, object]) -> str:
    """Of the image that is set, or the pinned one."""
    try:
        return engine_versions(_IMAGES.validate_python(raw.get("images", {})))[engine]
    except ValidationError:
        return engine_versions({})[engine]
