"""Golden prompts: what a candidate is asked, and what its answer must match."""

import re
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of
from deploys.settings.words import Frozen
from deploys.settings.yaml_text import read_yaml

EXAMPLE = "a list of `- {prompt: What is 2 + 2?, matches: '\\b4\\b'}`"


class Golden(Frozen):
    """One prompt, asked at temperature 0."""

    prompt: str = Field(min_length=1, max_length=100_000)
    matches: str = Field(min_length=1)
    """A Python expression that must be found somewhere in the answer."""
    max_tokens: int = Field(default=64, ge=1, le=4096)

    @field_validator("matches")
    @classmethod
    def _is_an_expression(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from None
        return text


_GOLDEN = TypeAdapter(tuple[Golden, ...])


def read_golden(root: Path, file: str) -> tuple[Golden, ...]:
    """Every prompt of a file below `root`; raises Refused."""
    document = read_yaml(root, file, f"commit {EXAMPLE}; paths begin at the root")
    try:
        found = _GOLDEN.validate_python(document, strict=False)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Golden)) from None
    if not found:
        raise Refused([Complaint(file, "", "holds no prompt", EXAMPLE)])
    return found
