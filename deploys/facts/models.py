"""What a host's store of models holds, and what it could hold."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand

from deploys.catalogue import unused
from deploys.catalogue.store import READ_BYTES

# Room is asked of the nearest folder that is there: on a bare host none of them is.
_QUESTION = """
cd {store} 2>/dev/null && for path in {paths}; do
    [ -f "$path" ] || continue
    bytes=$(wc -c <"$path")
    echo "size $bytes $path"
    [ "$bytes" -gt {read_bytes} ] || echo "sha256 $(sha256sum <"$path" | cut -c -64) $path"
done
place={store}
while [ ! -d "$place" ]; do place=$(dirname "$place"); done
echo "available $(df --block-size=1 --output=avail "$place" | tail -n 1)"
echo "place $place"
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" != 0 ] || [ ! -d /run/systemd/system ] || ! command -v sshd >/dev/null || echo gives
! command -v ssh >/dev/null || ! command -v ssh-keygen >/dev/null || echo takes
! command -v curl >/dev/null || echo downloads
true
"""


@dataclass(frozen=True)
class Store:
    """The store of one host."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """Path below the store -> bytes, of those asked for that are there."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Path below the store -> its digest, of those that are small enough to be read."""
    available_bytes: int = 0
    place: str = ""
    """The folder whose disk has them."""
    gives: bool = False
    """Whether it can run an SSH server of its own for a while."""
    takes: bool = False
    downloads: bool = False
    """Whether curl is there."""


class ModelStore(FactBase[Store]):
    """Returns what of some paths below the store is there, and the room on its disk.

    Sizes, and digests of small files: a file comes to its place only with the right digest, and
    reading hundreds of GiB again on each run would take minutes.
    """

    @staticmethod
    def default() -> Store:
        """A host that cannot be asked has no room."""
        return Store()

    def command(self, directory: str, paths: tuple[str, ...]) -> str:
        """One round trip."""
        store = shlex.quote(f"{directory}/models")
        words = " ".join(map(shlex.quote, paths))
        return _QUESTION.format(store=store, paths=words, read_bytes=READ_BYTES)

    def process(self, output: Iterable[str]) -> Store:
        """Lines `KEY VALUE`."""
        return parse_store(output)


class StoredSizes(FactBase[dict[str, int]]):
    """Returns the bytes of those of the given files that the host has, by path."""

    default = dict

    def command(self, paths: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "for path in",
            *map(QuoteString, paths),
            '; do [ ! -f "$path" ] || echo "$(wc -c <"$path") $path"; done',
        )

    def process(self, output: Iterable[str]) -> dict[str, int]:
        pairs = (line.partition(" ") for line in output)
        return {path: int(size) for size, _, path in pairs if size.isdigit()}


class StoreAnswer(FactBase[list[str]]):
    """Returns what `homeport models unused` asks: files of the store, manifests of the releases."""

    default = list

    def command(self, directory: str) -> str:
        return unused.question(directory)

    def process(self, output: Iterable[str]) -> list[str]:
        return list(output)


def parse_store(lines: Iterable[str]) -> Store:
    """Lines `KEY VALUE` -> store."""
    words = [line.split(" ") for line in lines if line]
    sizes = {row[2]: int(row[1]) for row in words if row[0] == "size" and len(row) == 3}
    values = {row[0]: row[-1] for row in words}
    return Store(
        sizes=sizes,
        sha256={row[2]: row[1] for row in words if row[0] == "sha256" and len(row) == 3},
        available_bytes=int(values.get("available") or 0),
        place=values.get("place", ""),
        gives="gives" in values,
        takes="takes" in values,
        downloads="downloads" in values,
    )
