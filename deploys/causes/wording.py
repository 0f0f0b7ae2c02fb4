"""The words of a rule: text in which `*` is anything, and `{name}` is kept for what we say."""

import re
from dataclasses import dataclass

from deploys.causes.evidence import masked

# What is kept is a number, a name or a path, never a whole prompt.
_KEPT_CHARACTERS = 80
_GAP = re.compile(r"\*|\{([a-z_]+)\}")


@dataclass(frozen=True)
class Wording:
    """Pieces of text that follow each other in one line, and what the gaps between are called."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    """Of the gap after each piece; empty for what nobody asks for."""
    longest: str
    """The piece that is looked for first: most lines do not have it."""

    def found(self, line: str) -> tuple[int, dict[str, str]] | None:
        """Where the words begin in a line and what they kept; None when they are not there.

        Each piece is looked for once, from the left, so that no line takes long whatever it holds.
        """
        if self.longest not in line:
            return None
        begin = end = line.find(self.pieces[0])
        if begin < 0:
            return None
        kept = {}
        for piece, name in zip(self.pieces, ("", *self.names), strict=True):
            at = line.find(piece, end)
            if at < 0:
                return None
            if name:
                kept[name] = _kept(line[end:at] if piece else _first_word(line[end:]))
            end = at + len(piece)
        return begin, kept


def wording(text: str) -> Wording:
    """What a rule's text means."""
    pieces = tuple(_GAP.sub("\0", text).split("\0"))
    names = tuple(found[1] or "" for found in _GAP.finditer(text))
    return Wording(pieces, names, max(pieces, key=len))


def _first_word(text: str) -> str:
    """Where the words end in a gap, the rest of the line may be anything."""
    return text.split(maxsplit=1)[0] if text.strip() else ""


def _kept(text: str) -> str:
    # Before it is cut: half a key does not look like one.
    return masked(text.strip().strip("'\"`.,:;"))[:_KEPT_CHARACTERS]
