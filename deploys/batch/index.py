"""Where each line of the input begins, and which are finished: on disk, whatever their number."""

import sqlite3
from collections.abc import Iterator

# SQLite's own 2 MiB would go to the disk for each of millions of custom_ids, which come in any
# order; this holds about one million, and the rest lies in a file that nobody else sees.
CACHE_KIB = 64 * 1024


class Index:
    """A private temporary database, gone with the process, so that memory has a bound."""

    def __init__(self) -> None:
        # One thread uses it; Python's garbage collection may close what is left in another.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in (
            f"PRAGMA cache_size = -{CACHE_KIB}",
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE lines (number INTEGER PRIMARY KEY, start INTEGER NOT NULL,"
            " custom_id TEXT UNIQUE, refusal TEXT, refused_id TEXT,"
            " mark BLOB, finished INTEGER NOT NULL DEFAULT 0)",
            "BEGIN",
        ):
            self._database.execute(statement)

    def add(self, number: int, start: int, custom_id: str, mark: bytes = b"") -> int | None:
        """Takes a good line in; gives the number of the line that has this custom_id already."""
        insert = "INSERT OR IGNORE INTO lines (number, start, custom_id, mark) VALUES (?, ?, ?, ?)"
        if self._database.execute(insert, (number, start, custom_id, mark)).rowcount:
            return None
        return self._number("SELECT number FROM lines WHERE custom_id = ?", custom_id)

    def refuse(self, number: int, start: int, custom_id: str | None, reason: str) -> None:
        """Takes a line in that cannot be sent; its custom_id may be another line's, or missing."""
        insert = "INSERT INTO lines (number, start, refused_id, refusal) VALUES (?, ?, ?, ?)"
        self._database.execute(insert, (number, start, custom_id, reason))

    def finish(self, number: int) -> None:
        """Notes that a line has its answer, or its dead letter."""
        self._database.execute("UPDATE lines SET finished = 1 WHERE number = ?", (number,))

    def finish_same(self, custom_id: str, mark: bytes) -> bool:
        """Notes the same of a line with this name and mark; whether the name is in the file."""
        update = "UPDATE lines SET finished = finished OR mark = ? WHERE custom_id = ?"
        return bool(self._database.execute(update, (mark, custom_id)).rowcount)

    def refused(self) -> Iterator[tuple[int, str | None, str]]:
        """(number, custom_id, reason) of what cannot be sent and has no dead letter yet."""
        yield from self._database.execute(
            "SELECT number, refused_id, refusal FROM lines"
            " WHERE refusal IS NOT NULL AND NOT finished ORDER BY number"
        )

    def pending(self) -> Iterator[tuple[int, int, str]]:
        """(number, start in bytes, custom_id) of what is to be sent, in the order of the file."""
        yield from self._database.execute(
            "SELECT number, start, custom_id FROM lines"
            " WHERE refusal IS NULL AND NOT finished ORDER BY number"
        )

    def lines(self) -> int:
        """How many lines the file has, without blank ones."""
        return self._number("SELECT count(*) FROM lines")

    def unsent(self) -> int:
        """How many of them are to be sent."""
        return self._number("SELECT count(*) FROM lines WHERE refusal IS NULL AND NOT finished")

    def _number(self, query: str, *words: str) -> int:
        return int(self._database.execute(query, words).fetchone()[0])
