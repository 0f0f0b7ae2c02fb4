"""Who speaks in a log, and in which version, by their own words."""

import re
from collections.abc import Mapping

# vLLM's banner and its engine, llama.cpp's `build: 6428 (…)`, `build 11669`, `build_info: b9049-…`.
_VERSIONS: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "vllm": (
        re.compile(r"vLLM API server version (\d+\.\d+(?:\.\d+)?)"),
        re.compile(r"LLM engine \(v(\d+\.\d+(?:\.\d+)?)"),
    ),
    "llamacpp": (
        re.compile(r"\bbuild(?:_info)?[: =]+b?(\d{3,6})\b"),
        re.compile(r"\bversion: (\d{3,6}) \("),
    ),
    # Since v4 `LocalAI version version="v4.6.2 (…)"`.
    "localai": (re.compile(r"LocalAI version(?:: | version=\")v(\d+\.\d+(?:\.\d+)?)"),),
}
_HINTS = {
    "vllm": ("vLLM API server version", "LLM engine (v"),
    "llamacpp": ("build", "version: "),
    "localai": ("LocalAI version",),
}


def told_versions(line: str) -> dict[str, str]:
    """Speaker -> version that this line tells."""
    found = {}
    for speaker, hints in _HINTS.items():
        if any(hint in line for hint in hints):
            for pattern in _VERSIONS[speaker]:
                match = pattern.search(line)
                if match:
                    found[speaker] = match[1]
    return found


def is_within(version: str | None, since: str | None, until: str | None) -> bool:
    """Whether a version lies in a range; one that is not known may."""
    if version is None:
        return True
    at = _numbers(version)
    return (since is None or at >= _numbers(since)) and (until is None or at < _numbers(until))


def _numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return (*parts, *[0] * (3 - len(parts)))
