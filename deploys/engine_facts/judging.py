"""Words for an engine's command line against the facts of its version.

Names match exactly: vLLM's parser also takes unambiguous beginnings of flags, which the next
version may make ambiguous, and reads `-ngl 35` as `-n gl`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from deploys.engine_facts.facts import Facts, Flag, Gone
from deploys.settings.validation import near_miss


@dataclass(frozen=True)
class Wrong:
    """What the version would not take."""

    flag: str
    found: str
    hint: str


def wrong(facts: Facts, words: Sequence[str]) -> Iterator[Wrong]:
    """Each thing wrong with one flag and its values."""
    name, *values = words
    if name in facts.offs:
        if values:
            yield Wrong(
                name, f"found {' '.join(values)}", "nothing after it: it turns a switch off"
            )
        return
    flag = facts.names.get(name)
    if flag is None:
        yield unknown(facts, name)
    else:
        yield from _wrong_values(facts, name, flag, values)


def unread(facts: Facts, variables: Iterable[str]) -> Iterator[Wrong]:
    """Variables spelled as the engine's own that this version does not read."""
    prefixes = {name.partition("_")[0] + "_" for name in facts.environment}
    for name in variables:
        if name not in facts.environment and name.startswith(tuple(prefixes)):
            found = f"is no variable of {facts.engine} {facts.version}"
            yield Wrong(name, found, near_miss(name, facts.environment))


def unknown(facts: Facts, name: str) -> Wrong:
    """A flag that this version does not have: who had it, and what replaced it."""
    found = f"is no flag of {facts.engine} {facts.version}"
    gone = facts.gone.get(name)
    if gone is None:
        return Wrong(name, found, near_miss(name, [*facts.names, *facts.offs]))
    return Wrong(name, found + _who_had(gone), gone.instead)


def _who_had(gone: Gone) -> str:
    if gone.since == "never":
        return ", and no version had it"
    return f"; versions before {gone.since} had it" if gone.since else "; earlier ones had it"


def _wrong_values(facts: Facts, name: str, flag: Flag, values: Sequence[str]) -> Iterator[Wrong]:
    said = " ".join(values) or "no value"
    many = flag.takes == "values"
    if (flag.takes == "switch") != (not values) or (len(values) > 1 and not many):
        yield Wrong(name, f"found {said}", f"what fits: {_SHAPES[flag.takes]}")
        return
    if flag.takes == "json" and not _is_json(values[0]):
        yield Wrong(name, f"found {said}, which is no JSON", 'JSON, such as {"image": 4}')
    for value in values if flag.fits else ():
        if value not in flag.fits:
            yield _unknown_value(facts, name, flag, value)


def _unknown_value(facts: Facts, name: str, flag: Flag, value: str) -> Wrong:
    gone = facts.gone_values.get(name, {}).get(value)
    if gone is None:
        return Wrong(name, f"found {value}", near_miss(value, flag.fits))
    return Wrong(name, f"found {value}{_who_had(gone)}", gone.instead)


_SHAPES = {
    "switch": "no value: it is a switch",
    "value": "one value",
    "values": "one value or more",
    "json": "one value, in JSON",
}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
