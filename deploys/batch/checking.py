"""The first reading of a file of lines: nothing is sent before every line was found good."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import BinaryIO, Generic, NamedTuple, Protocol, TypeVar

from deploys.batch.index import Index
from deploys.batch.line import Request, custom_id_of, read_line, too_large
from deploys.batch.offer import Offer
from deploys.settings.refusal import Complaint, Refused

# A file of another format has a complaint for each of its lines.
SHOWN_COMPLAINTS = 100
PIECE_BYTES = 2**20


class Named(Protocol):
    """What a line was read as."""

    @property
    def custom_id(self) -> str:
        """The user's own name of it, once in a file."""


Line = TypeVar("Line", bound=Named)


@dataclass(frozen=True)
class Format(Generic[Line]):
    """How the lines of a file are read."""

    read: Callable[[bytes, int], Line]
    """(text, number) -> what it is; raises Refused with every complaint about it."""
    offer: Offer
    """With how much the gateway takes at once."""
    mark: Callable[[Line], bytes] = lambda _: b""
    """What is kept of a line beside its name, to know one that was finished elsewhere."""


def batch_format(file: str, offer: Offer) -> Format[Request]:
    """OpenAI's batch input."""
    return Format(lambda text, number: read_line(text, number, file, offer), offer)


class RawLine(NamedTuple):
    """One line as it stands in the file; what is longer than allowed has no text."""

    number: int
    start: int
    size_bytes: int
    text: bytes


@dataclass
class Checked:
    """What the first reading has found."""

    digest: str = ""
    """sha256 of the file."""
    index: Index = field(default_factory=Index)
    complaints: list[Complaint] = field(default_factory=list)
    """The first of them."""
    refused: int = 0
    """Lines that cannot be sent."""

    def refuse(self) -> None:
        """Raises Refused, with what is wrong, if anything is."""
        if not self.complaints:
            return
        shown, more = self.complaints[:SHOWN_COMPLAINTS], self.refused
        if len(self.complaints) > SHOWN_COMPLAINTS:
            found = f"{more:,} lines in all cannot be sent; these are the first complaints"
            hint = "--skip-invalid makes dead letters of them and sends the others"
            shown.append(Complaint(shown[0].file, "", found, hint))
        raise Refused(shown)


def checked(
    source: BinaryIO, file: str, form: Format[Line], seen: Callable[[int], None] = lambda _: None
) -> Checked:
    """Reads the whole file once; `seen` is told how many bytes were read each time."""
    found, digest = Checked(), hashlib.sha256()

    def see(piece: bytes) -> None:
        digest.update(piece)
        seen(len(piece))

    for raw in _raw_lines(source, form.offer.line_limit_bytes, see):
        complaints = _taken_in(raw, file, form, found.index)
        if complaints:
            found.refused += 1
            said = "; ".join(f"{one.path}: {one.found} ({one.hint})" for one in complaints)
            found.index.refuse(raw.number, raw.start, custom_id_of(raw.text), said)
            if len(found.complaints) <= SHOWN_COMPLAINTS:
                found.complaints += complaints
    found.digest = digest.hexdigest()
    if not found.index.lines():
        raise Refused([Complaint(file, "", "holds no line", "one JSON object a line")])
    return found


def pending(source: BinaryIO, file: str, form: Format[Line], index: Index) -> Iterator[Line]:
    """The second reading: what is not finished yet, one line in memory at a time."""
    for number, start, custom_id in index.pending():
        source.seek(start)
        try:
            line = form.read(source.readline(form.offer.line_limit_bytes), number)
        except Refused:
            raise _changed(file, number) from None
        if line.custom_id != custom_id:
            raise _changed(file, number)
        yield line


def _changed(file: str, number: int) -> Refused:
    hint = "leave the file alone while it runs; the answers so far are of the old one"
    return Refused([Complaint(file, f"line {number}", "has changed meanwhile", hint)])


def _taken_in(raw: RawLine, file: str, form: Format[Line], index: Index) -> tuple[Complaint, ...]:
    """Puts a good line into the index; complains about any other."""
    where, offer = f"line {raw.number}", form.offer
    if raw.size_bytes > offer.line_limit_bytes:
        found, hint = too_large(raw.size_bytes, offer.body_limit_bytes)
        return (Complaint(file, where, found, hint),)
    try:
        line = form.read(raw.text, raw.number)
    except Refused as refused:
        return refused.complaints
    before = index.add(raw.number, raw.start, line.custom_id, form.mark(line))
    if before is None:
        return ()
    found = f"{line.custom_id!r} is that of line {before} too"
    return (Complaint(file, f"{where}.custom_id", found, "each line its own"),)


def _raw_lines(
    source: BinaryIO, longest_bytes: int, see: Callable[[bytes], None]
) -> Iterator[RawLine]:
    """Lines that are not blank; no more than `longest_bytes` of one are ever in memory."""
    start = 0
    for number in count(1):
        text = piece = source.readline(longest_bytes)
        if not text:
            return
        see(piece)
        size = len(piece)
        while piece and not piece.endswith(b"\n"):
            piece = source.readline(PIECE_BYTES)
            see(piece)
            size += len(piece)
        if text.strip():
            yield RawLine(number, start, size, text if size <= longest_bytes else b"")
        start += size
