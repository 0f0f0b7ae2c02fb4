"""The times that stand in kept files, and in their names."""

from datetime import UTC, datetime


def now_utc() -> str:
    """To the millisecond, since two runs may end within a second: `2026-11-01T12:00:00.000Z`."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def file_name(time: str) -> str:
    """Of such a time, as every file system takes it: `20261101T120000000Z`."""
    return time.translate({ord(letter): None for letter in ":-."})
