"""nginx's files as one tree, with what they include in its place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crossplane

# Written beside a release: the pools, less what is drained. The rendered file says more.
STATE_OF_POOLS = "/state/gateway/pools/"
STATE_OF_CANARIES = "/state/gateway/canaries/"


@dataclass(frozen=True)
class Directive:
    """One directive, with the block that it opens."""

    name: str
    arguments: tuple[str, ...]
    block: tuple["Directive", ...] = ()

    def all(self, name: str) -> Iterator["Directive"]:
        """The directives of that name in its block."""
        return (one for one in self.block if one.name == name)


# Any share at all: of the slices that there are some are the candidate's, and some are not.
SOME_ARE_DRAWN = Directive("~0$", ("candidate",))


def read(folder: Path, file: str = "nginx.conf") -> Directive:
    """The tree of `file`, under a directive without a name; raises ValueError for no nginx file."""
    return Directive("", (), tuple(_directives(folder, file)))


def scripts(folder: Path) -> Mapping[str, str]:
    """The njs modules of a folder, by file."""
    return {path.name: path.read_text() for path in sorted(folder.glob("*.js"))}


def _directives(folder: Path, file: str) -> Iterator[Directive]:
    options = {"single": True, "check_ctx": False, "check_args": False, "comments": True}
    parsed = crossplane.parse(str(folder / file), **options)
    if parsed["errors"]:
        raise ValueError(f"{folder / file}: {parsed['errors'][0]['error']}")
    yield from _built(folder, parsed["config"][0]["parsed"])


def _built(folder: Path, directives: Sequence[Mapping[str, Any]]) -> Iterator[Directive]:
    for one in directives:
        name, arguments = one["directive"], tuple(one["args"])
        if name == "#":
            # A stand-in's line is a comment until that serves, and no comment then.
            hidden = re.match(r"\s*server (\S+) ", one["comment"])
            yield from [Directive("server", (hidden[1],))] if hidden else []
        elif name == "include":
            yield from _included(folder, arguments[0])
        else:
            yield Directive(name, arguments, tuple(_built(folder, one.get("block", ()))))


def _included(folder: Path, file: str) -> Iterator[Directive]:
    """Absolute files hold digests and words about the last reload: no way leads through them."""
    if STATE_OF_POOLS in file:
        yield from _directives(folder, "pools.conf")
    elif STATE_OF_CANARIES in file:
        yield SOME_ARE_DRAWN
    elif not file.startswith("/"):
        yield from _directives(folder, file)
