"""Server-sent events out of bytes, however packets cut them."""

# An event of a chat is some hundred bytes; an engine that never ends one is not waited for.
LONGEST_EVENT_BYTES = 4 * 2**20


class Garbled(ValueError):
    """What came is no stream of chat events; says what it is."""


class Events:
    """The data of each event of one stream, as the HTML standard splits them."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The events that end with these bytes. Raises Garbled for one without an end."""
        self._rest += data
        if b"\r" in self._rest:
            self._rest = _with_newlines(self._rest)
        if b"\n\n" not in self._rest:
            if len(self._rest) > LONGEST_EVENT_BYTES:
                raise Garbled(f"an event longer than {LONGEST_EVENT_BYTES} bytes")
            return []
        *whole, self._rest = self._rest.split(b"\n\n")
        return [found for one in whole if (found := _data(one)) is not None]

    def finish(self) -> list[bytes]:
        """What stands at the end without its empty line: some servers end so after [DONE]."""
        rest, self._rest = self._rest, b""
        return [] if (found := _data(rest.replace(b"\r", b"\n"))) is None else [found]


def _with_newlines(text: bytes) -> bytes:
    """Each kind of line end as one newline; a last CR may be half of one, and waits."""
    waiting = b"\r" if text.endswith(b"\r") else b""
    whole = text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return whole + waiting


def _data(event: bytes) -> bytes | None:
    """All its `data:` lines together; None where it has none, as comments do."""
    lines = [
        line[5:].removeprefix(b" ")
        for line in event.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        if line.startswith(b"data:")
    ]
    return b"\n".join(lines) if lines else None
