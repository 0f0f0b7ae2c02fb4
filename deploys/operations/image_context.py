"""Build contexts on their way to a host."""

import base64
import io
import tarfile
from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra.api import QuoteString, StringCommand

CONTEXTS = Path(__file__).parents[1] / "images"


def ship(
    context: Path, target: str, extra: Mapping[str, str] | None = None
) -> Generator[StringCommand, None, None]:
    """Puts the files of a build context, and texts beside them, into an empty folder of the host.

    Emptied first: a file that left the context must not stay in what is built. One archive through
    standard input: proxy settings may hold a password, which no argument and no file that others
    can read may show.
    """
    place = QuoteString(target)
    yield StringCommand("rm -rf", place, "&& mkdir -p", place, "&& chmod 700", place)
    unpack = "| tar --extract --no-same-owner --preserve-permissions --directory"
    archive = base64.encodebytes(packed(context, extra or {})).decode()
    yield StringCommand("base64 --decode", unpack, place, _stdin=archive)


def packed(context: Path, extra: Mapping[str, str]) -> bytes:
    """A tar archive of a folder and of texts by path, readable by all: modes reach the image."""
    contents = {
        path.relative_to(context).as_posix(): path.read_bytes()
        for path in context.rglob("*")
        if path.is_file()
    }
    contents |= {name: text.encode() for name, text in extra.items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in sorted({str(p) for name in contents for p in Path(name).parents} - {"."}):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        for name, content in sorted(contents.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
