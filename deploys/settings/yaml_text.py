"""Reads committed YAML: what keeps it from being read is told with its file, not by a traceback."""

from pathlib import Path
from typing import Any

import yaml

from deploys.settings.refusal import Complaint, Refused


def read_yaml(
    root: Path, file: str, hint: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader
) -> Any:  # noqa: ANN401 - whatever YAML can say
    """What a file below `root` says; raises Refused, also where there is none."""
    try:
        text = (root / file).read_bytes()
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise Refused([Complaint(file, "", found, hint)]) from None
    return parsed(text, file, hint, loader)


def parsed(
    text: str | bytes, file: str, hint: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader
) -> Any:  # noqa: ANN401 - whatever YAML can say
    """What the text of a file says; raises Refused."""
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a SafeLoader
    # A ValueError: a day that no calendar has. The last: nested too deeply for anybody.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        found = f"is not YAML: {' '.join(str(error).split())}"
        raise Refused([Complaint(file, "", found, hint)]) from None
