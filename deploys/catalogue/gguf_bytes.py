"""Walks the header of a GGUF file without believing a number that the file cannot hold.

The layout is that of the specification in ggml's docs/gguf.md, versions 2 and 3. The gguf package
reads it too, but builds an array per string, wants the whole file, and allocates what a damaged
header asks for.
"""

import struct
from mmap import mmap

from gguf import GGUFValueType

Value = int | float | bool | str | list[int] | None

MAGIC = b"GGUF"
# Gemma's header of 262,144 tokens with their merges takes 15 MiB, the largest vocabulary there is.
LARGEST_HEADER_BYTES = 64 << 20
# Least bytes of one key with its value.
ENTRY_BYTES = 13
MOST_ENTRIES = 1 << 14
# Tokens, their types and merges of the largest vocabularies come to under 2 million.
MOST_ITEMS = 1 << 22
LONGEST_TEXT_BYTES = 1 << 24
# Numbers per layer are kept; token lists and merges are only counted.
KEPT_NUMBERS = 4096

_FORMATS = {
    GGUFValueType.UINT8: "<B",
    GGUFValueType.INT8: "<b",
    GGUFValueType.UINT16: "<H",
    GGUFValueType.INT16: "<h",
    GGUFValueType.UINT32: "<I",
    GGUFValueType.INT32: "<i",
    GGUFValueType.FLOAT32: "<f",
    GGUFValueType.BOOL: "<?",
    GGUFValueType.UINT64: "<Q",
    GGUFValueType.INT64: "<q",
    GGUFValueType.FLOAT64: "<d",
}


class Malformed(Exception):
    """Why the file cannot be what it says it is."""


class MoreNeeded(Exception):
    """The header goes on behind the bytes at hand; carries how many are wanted at least."""

    def __init__(self, length: int) -> None:
        super().__init__(f"{length} bytes")
        self.length = length


class Cursor:
    """A position in the header that never passes the end of the file."""

    def __init__(self, data: mmap | bytes, whole_bytes: int) -> None:
        self.data = data
        self.whole_bytes = whole_bytes
        self.position = 0
        self.items = 0

    def skip(self, length: int) -> int:
        """Moves on and returns where it was; raises Malformed or MoreNeeded."""
        start, end = self.position, self.position + length
        if end > self.whole_bytes:
            raise Malformed(
                f"is cut off: its header goes on after the last byte ({self.whole_bytes})"
            )
        if end > LARGEST_HEADER_BYTES:
            raise Malformed(
                f"is damaged: its header is larger than {LARGEST_HEADER_BYTES >> 20} MiB"
            )
        if end > len(self.data):
            raise MoreNeeded(end)
        self.position = end
        return start

    def number(self, form: str) -> int:
        """One number in the given struct format."""
        start = self.skip(struct.calcsize(form))
        try:
            value: int = struct.unpack_from(form, self.data, start)[0]
        except struct.error as error:
            raise Malformed(f"is damaged: {error}") from None
        return value

    def text(self, what: str = "") -> str:
        """One string: its length, then its bytes. A name, `what`, must be UTF-8 to the letter."""
        length = self.number("<Q")
        room = self.whole_bytes - self.position
        if length > min(LONGEST_TEXT_BYTES, room):
            found = "is cut off" if length > room else "is damaged"
            raise Malformed(f"{found}: its header holds a text of {length} bytes")
        start = self.skip(length)
        raw = bytes(self.data[start : start + length])
        try:
            return raw.decode("utf-8", "strict" if what else "replace")
        except UnicodeDecodeError:
            raise Malformed(f"is damaged: {what} {raw[:60]!r} is not UTF-8") from None

    def count(self, what: str, least_bytes: int, most: int) -> int:
        """A number of things of at least `least_bytes` each."""
        number = self.number("<Q")
        room = self.whole_bytes - self.position
        if number * least_bytes > room:
            raise Malformed(f"is cut off or damaged: {number} {what} do not fit into {room} bytes")
        if number > most:
            raise Malformed(f"is damaged: its header asks for {number} {what}")
        return number


def read_entries(cursor: Cursor, count: int) -> tuple[dict[str, Value], dict[str, int]]:
    """(values, lengths of lists) by key; raises Malformed or MoreNeeded."""
    values: dict[str, Value] = {}
    counts: dict[str, int] = {}
    for _ in range(count):
        key = cursor.text("the key")
        if key in values:
            raise Malformed(f"is damaged: the key {key[:60]!r} stands there twice")
        values[key] = _value(cursor, key, counts, _type(cursor, key))
    return values, counts


def _type(cursor: Cursor, key: str) -> GGUFValueType:
    number = cursor.number("<I")
    try:
        return GGUFValueType(number)
    except ValueError:
        raise Malformed(f"is damaged: {key[:60]!r} has the unknown type {number}") from None


def _value(cursor: Cursor, key: str, counts: dict[str, int], kind: GGUFValueType) -> Value:
    if kind == GGUFValueType.STRING:
        return cursor.text()
    if kind != GGUFValueType.ARRAY:
        return cursor.number(_FORMATS[kind])
    item = _type(cursor, key)
    if item == GGUFValueType.ARRAY:
        raise Malformed(f"is damaged: {key[:60]!r} holds lists of lists")
    size = 8 if item == GGUFValueType.STRING else struct.calcsize(_FORMATS[item])
    counts[key] = cursor.count(f"items of {key[:60]!r}", size, MOST_ITEMS)
    # Over all lists, so that a header of empty texts costs no more than one real vocabulary.
    cursor.items += counts[key]
    if cursor.items > MOST_ITEMS:
        raise Malformed(f"is damaged: its header lists more than {MOST_ITEMS} items")
    if item == GGUFValueType.STRING:
        for _ in range(counts[key]):
            cursor.skip(cursor.number("<Q"))
        return None
    if counts[key] > KEPT_NUMBERS:
        cursor.skip(size * counts[key])
        return None
    return [cursor.number(_FORMATS[item]) for _ in range(counts[key])]
