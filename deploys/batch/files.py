"""The two files that a run writes, and what of the input they say is finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from deploys.batch.checking import Checked
from deploys.batch.letters import Answer, Reason, answer_line, dead_letter
from deploys.batch.line import Request
from deploys.batch.line_file import LineFile
from deploys.batch.running import Outlet
from deploys.settings.refusal import Complaint, Refused

LETTERS_AT_ONCE = 1000


@dataclass(frozen=True)
class Places:
    """Where a batch is read, and where it goes."""

    source: Path
    answers: Path
    dead_letters: Path


@dataclass(frozen=True)
class Files:
    """Both, open and locked."""

    answers: LineFile
    dead_letters: LineFile
    answered_before: int
    failed_before: int
    invalid: int
    """Lines that could not be sent, and became dead letters now."""


@dataclass(frozen=True)
class Letters:
    """The dead letters of an input, open and locked."""

    file: LineFile
    before: int
    """How many there were."""
    invalid: int
    """Lines that could not be sent, and became dead letters now."""


def places(source: Path, answers: Path | None, dead_letters: Path | None) -> Places:
    """X.jsonl is answered in X.answers.jsonl, and X.dead.jsonl has its dead letters; those of an
    output that is named lie beside it.
    """
    beside = answers or source
    found = Places(
        source,
        answers or source.with_name(f"{_stem(source)}.answers.jsonl"),
        dead_letters or beside.with_name(f"{_stem(beside)}.dead.jsonl"),
    )
    if len({one.resolve() for one in (source, found.answers, found.dead_letters)}) < 3:
        hint = "three names: the input, --output and --dead-letters"
        raise Refused([Complaint(str(source), "", "is to be written to, or twice", hint)])
    return found


def _stem(path: Path) -> str:
    return path.name.removesuffix(".jsonl")


@contextmanager
def opened(where: Places, found: Checked) -> Iterator[Files]:
    """Marks in the index what earlier runs have finished, and buries what cannot be sent."""
    answers = LineFile(where.answers)
    try:
        answered = _finished(answers, found)
        with letters(where.dead_letters, found) as dead:
            yield Files(answers, dead.file, answered, dead.before, dead.invalid)
    finally:
        answers.close()


@contextmanager
def letters(path: Path, found: Checked, option: str = "--output") -> Iterator[Letters]:
    """The same with dead letters alone; `option` chooses their file. An empty one is removed."""
    file = LineFile(path, option)
    try:
        before = _finished(file, found)
        yield Letters(file, before, _bury(file, found))
    finally:
        # Before it is let go of: nobody else may have begun to write.
        if not path.stat().st_size:
            path.unlink()
        file.close()


def outlet(files: Files, digest: str) -> Outlet:
    """Writes a run's answers and dead letters there; a line is on the disk when this returns."""

    async def keep(request: Request, answer: Answer) -> Answer:
        line = answer_line(digest, request.number, request.custom_id, answer)
        files.answers.append(line)
        return answer

    def bury(request: Request, error: tuple[Reason, str], last: Answer | None) -> bool:
        letter = dead_letter(digest, request.number, request.custom_id, error, last)
        files.dead_letters.append(letter)
        return True

    return Outlet(keep, bury)


def _finished(file: LineFile, found: Checked) -> int:
    count = 0
    for number in file.finished(found.digest):
        found.index.finish(number)
        count += 1
    return count


def _bury(file: LineFile, found: Checked) -> int:
    """Many at a time: each write waits for the disk."""
    letters = (
        dead_letter(found.digest, number, custom_id, ("invalid", reason), None)
        for number, custom_id, reason in found.index.refused()
    )
    count = 0
    while some := list(islice(letters, LETTERS_AT_ONCE)):
        file.append(b"".join(some))
        count += len(some)
    return count
