"""Reading apt's own sources, one-line and deb822 (sources.list(5)), to learn a machine's mirror."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class AptSource:
    """One place that apt reads binary packages from."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_sources(files: dict[str, str]) -> tuple[AptSource, ...]:
    """Sources of all files (path -> text), in apt's order; what is disabled is left out."""
    found: list[AptSource] = []
    for path, text in files.items():
        found.extend(_deb822(text) if path.endswith(".sources") else _one_line(text))
    return tuple(found)


def debian_mirror(sources: tuple[AptSource, ...]) -> str | None:
    """The archive's main mirror: where the plain suites come from. None without one."""
    for source in sources:
        side_archive = re.search(r"[-/](security|backports|updates|debug)\b", source.suite)
        fetched = source.uri.startswith(("http://", "https://"))
        if fetched and not side_archive and "main" in source.components:
            return source.uri
    return None


def _one_line(text: str) -> Iterator[AptSource]:
    for line in text.splitlines():
        # Options in brackets may hold blanks, so they are cut out before the words are counted.
        words = re.sub(r"\[[^]]*\]", " ", line.split("#", 1)[0]).split()
        if len(words) >= 3 and words[0] == "deb":
            yield AptSource(words[1].rstrip("/"), words[2], tuple(words[3:]))


def _deb822(text: str) -> Iterator[AptSource]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = _fields(stanza)
        off = fields.get("enabled", "yes").lower() in ("no", "false", "off", "0", "without")
        if off or "deb" not in fields.get("types", "").split():
            continue
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield AptSource(uri.rstrip("/"), suite, components)


def _fields(stanza: str) -> dict[str, str]:
    """deb822 fields by lower-case name; a line that starts with a blank continues the last."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields
