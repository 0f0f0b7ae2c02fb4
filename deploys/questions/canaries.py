"""The share of a pool's sessions that its candidate gets, in a file on each gateway."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

# Below the gateway's state: one file for each pool, which nginx includes (canary.conf.j2).
FOLDER = "canaries"
# The gateway's own clock takes its place when the file is written.
NOW = "@now@"


@dataclass(frozen=True)
class Share:
    """What `homeport canary` has set."""

    pool: str
    candidate: str
    percent: int
    steps: tuple[int, ...]
    """Per cent, ascending; the last one ends it. None where the candidate gets nothing any more."""
    since: int = 0
    """Seconds since 1970 by the gateway's clock; of this step."""
    who: str = ""

    @property
    def loaded(self) -> str:
        """What nginx says at /revision once it goes by this."""
        return f"{self.percent}@{self.since}"

    def is_like(self, other: "Share") -> bool:
        """The same, whoever set it and when."""
        return self.words() == other.words()

    def words(self) -> dict[str, object]:
        """What a run is told, as JSON."""
        return {
            "pool": self.pool,
            "candidate": self.candidate,
            "percent": self.percent,
            "steps": list(self.steps),
        }

    def __str__(self) -> str:
        steps = f" (of {', '.join(map(str, self.steps))})" if self.steps else ""
        return f"{self.percent} % of `{self.pool}` go to `{self.candidate}`{steps}"


def share_file(share: Share, who: str) -> str:
    """The text of the file; NOW stands where the gateway's clock belongs.

    An end is written as well, as 0 per cent: of two gateways that do not agree, because one was
    lost meanwhile, the later word counts, and no file has no time.
    """
    name = f"{share.pool}>{share.candidate}"
    pattern = name.replace(".", "[.]")
    document = json.dumps({**share.words(), "since": NOW, "who": who}).replace(f'"{NOW}"', NOW)
    return (
        "# Written by `homeport canary`, which reads the next line.\n"
        f"# {document}\n"
        f'"~^{pattern}[|]({slices(share.percent)})$" candidate;\n'
        f'"={name}" {share.percent}@{NOW};\n'
    )


def slices(percent: int) -> str:
    """An expression for the first so many of 00 to 99: each share has the smaller ones in it."""
    tens, ones = divmod(percent, 10)
    parts = [f"[0-{tens - 1}][0-9]"] if tens else []
    return "|".join([*parts, *([f"{tens}[0-{ones - 1}]"] if ones else [])])


def question(folder: str) -> str:
    """sh: the JSON of every share in a gateway's state, one `canary {...}` a line."""
    place = f"{shlex.quote(folder)}/{FOLDER}" if folder else FOLDER
    return f"for f in {place}/*.conf; do [ ! -e $f ] || sed -n 's/^# {{/canary {{/p' $f; done"


def parse_loaded(text: str) -> dict[str, str]:
    """Pool -> SHARE@TIME of what nginx has loaded, 0 without a share; from the words at /revision.

    A pool that is not in it has no candidate in the release that nginx serves.
    """
    return {pool: loaded for pool, _, loaded in (pair.partition("=") for pair in text.split())}


def parse_shares(lines: Iterable[str]) -> dict[str, Share]:
    """Pool -> what is set; lines of other kinds are left out."""
    found = {}
    for line in lines:
        kind, _, words = line.partition(" ")
        if kind == "canary":
            share = read_share(words)
            found[share.pool] = share
    return found


def read_share(text: str) -> Share:
    """Raises ValueError, KeyError or TypeError for what is none."""
    fields = json.loads(text)
    return Share(
        pool=str(fields["pool"]),
        candidate=str(fields["candidate"]),
        percent=int(fields["percent"]),
        steps=tuple(int(step) for step in fields["steps"]),
        since=int(fields.get("since", 0)),
        who=str(fields.get("who", "")),
    )
