"""Reads committed YAML: what keeps it from being read is told with its file, not by a traceback."""

from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from deploys.settings.refusal import Complaint, Refused

# libyaml is eight times as fast, and ends the process where nesting is deeper than its stack: at
# 200,000, while no file of ours comes near this.
DEEPEST = 1_000


class Values(SafeConstructor):
    """Texts, numbers, dates, lists and mappings; of two equal keys the later."""


def read_yaml(root: Path, file: str, hint: str, constructor: type[Values] = Values) -> Any:  # noqa: ANN401 - whatever YAML can say
    """What a file below `root` says; raises Refused, also where there is none."""
    try:
        text = (root / file).read_bytes()
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise Refused([Complaint(file, "", found, hint)]) from None
    return parsed(text, file, hint, constructor)


def parsed(
    text: str | bytes,
    file: str,
    hint: str,
    constructor: type[Values] = Values,
) -> Any:  # noqa: ANN401 - whatever YAML can say
    """What the text of a file says; raises Refused."""
    try:
        return loaded(text, constructor)
    # A ValueError: a day that no calendar has. The last: nested too deeply for anybody.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        found = f"is not YAML: {' '.join(str(error).split())}"
        raise Refused([Complaint(file, "", found, hint)]) from None


def loaded(text: str | bytes, constructor: type[Values] = Values) -> Any:  # noqa: ANN401
    """What a text says, by libyaml; where that refuses, by Python, whose words show the place.

    Raises YAMLError, ValueError or RecursionError.
    """
    if _deepest(text) < DEEPEST:
        fast = type("_Fast", (constructor, yaml.CSafeLoader), {})
        try:
            return yaml.load(text, Loader=fast)  # noqa: S506 - a SafeConstructor
        except yaml.YAMLError:
            pass
    slow = type("_Slow", (constructor, yaml.SafeLoader), {})
    return yaml.load(text, Loader=slow)  # noqa: S506 - a SafeConstructor


def _deepest(text: str | bytes) -> int:
    """No nesting can be deeper: a level takes a bracket, or a column more of its line."""
    raw = text.encode() if isinstance(text, str) else text
    columns = max(map(len, raw.splitlines()), default=0)
    return columns + raw.count(b"[") + raw.count(b"{")
