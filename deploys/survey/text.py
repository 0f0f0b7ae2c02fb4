"""The text of a hardware file: hosts in the order of their names, and what people wrote beside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import yaml

from deploys.settings.hardware import Hardware, HostHardware
from deploys.settings.hardware_yaml import hardware_file, hardware_of
from deploys.settings.refusal import Complaint, Refused
from deploys.survey.comments import carry_comments, without_comment

HEADER = """\
# What the hosts of {environment} are made of, as `homeport survey {environment}` read it.
# A survey keeps comments, hosts that it did not ask and ram_gb_per_second; the rest it writes anew.
hosts:
"""
STEP = 2


@dataclass
class _Block:
    """The lines of one host."""

    above: list[str] = field(default_factory=list)
    """Comments and blank lines over its name."""
    name_line: str = ""
    body: list[str] = field(default_factory=list)


def updated_text(before: str, environment: str, found: Mapping[str, HostHardware]) -> str:
    """The file with the hosts of `found` written anew and every other line kept.

    `before` is the file's text, empty when there is none; raises Refused when it is laid out in a
    way that would lose a comment.
    """
    file = hardware_file(environment)
    old = hardware_of(before, file) if before else Hardware(hosts={})
    parts = _parts(before) if before else (HEADER.format(environment=environment), {}, "")
    if parts is None or set(parts[1]) != set(old.hosts):
        found = dict(old.hosts) | dict(found)
        parts = _relaid(before, file, environment)
    header, blocks, end = parts
    for name, hardware in found.items():
        blocks[name] = _written(name, hardware, blocks.get(name, _Block()))
    lines = [
        line
        for name in sorted(blocks)
        for line in (*blocks[name].above, blocks[name].name_line, *blocks[name].body)
    ]
    text = header + _joined(lines) + end
    if hardware_of(text, file).hosts != old.hosts | dict(found):
        raise Refused([_laid_out_otherwise(file)])
    return text


def _parts(text: str) -> tuple[str, dict[str, _Block], str] | None:
    """Everything up to `hosts:`, each host's lines, and what follows; None for another layout."""
    lines = text.splitlines()
    bare = [_bare(line) for line in lines]
    if "hosts:" not in bare:
        return None
    first = bare.index("hosts:") + 1
    indent = next((_indent(line) for line in lines[first:] if _is_key(line)), STEP)
    blocks: dict[str, _Block] = {}
    waiting: list[str] = []
    current: _Block | None = None
    for line in lines[first:]:
        if _is_key(line) and _indent(line) == indent:
            key, colon, words = _bare(line).rpartition(":")
            name = str(yaml.safe_load(key)) if colon and not words else ""
            if not name or name in blocks:
                return None
            current = blocks[name] = _Block(waiting, line)
            waiting = []
        elif current is None or (not _is_key(line) and _indent(line) <= indent):
            waiting.append(line)
        else:
            # Blank lines and such, between the lines of one host, were waiting in vain.
            current.body += [*waiting, line]
            waiting = []
    return _joined(lines[:first]), blocks, _joined(waiting)


def _relaid(text: str, file: str, environment: str) -> tuple[str, dict[str, _Block], str]:
    """A file in another layout is written anew as a whole, unless somebody wrote comments."""
    if "#" in text:
        raise Refused([_laid_out_otherwise(file)])
    return HEADER.format(environment=environment), {}, ""


def _laid_out_otherwise(file: str) -> Complaint:
    found = "is laid out in a way that a survey would lose its comments"
    return Complaint(file, "", found, "one host after the other below `hosts:`, without { } or &")


def _written(name: str, hardware: HostHardware, old: _Block) -> _Block:
    words = hardware.model_dump(mode="json", exclude_defaults=True)
    key, *body = yaml.safe_dump({name: words}, sort_keys=False, width=1000).splitlines()
    beside = without_comment(old.name_line)[1]
    margin = " " * STEP
    return _Block(
        old.above,
        margin + key + (f"  {beside}" if beside else ""),
        carry_comments(old.body, [margin + line for line in body], 2 * STEP),
    )


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _bare(line: str) -> str:
    return without_comment(line)[0].strip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_key(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")
