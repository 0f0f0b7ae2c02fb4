"""The end of a text of any bytes: an engine's log may hold what no connection takes for text."""

import base64
import gzip
import zlib

# Tracebacks of sixteen workers, one after the other; packed it is about a tenth.
MOST_BYTES = 2**20


def question(command: str) -> str:
    """sh: the end of what a command prints, packed into letters of one line."""
    return f"{{ {command}; }} 2>&1 | tail --bytes {MOST_BYTES} | gzip | base64 --wrap 0"


def read(answer: str) -> bytes:
    """What was packed; nothing where the host has not packed it."""
    try:
        return gzip.decompress(base64.b64decode(answer.strip()))
    except (ValueError, OSError, EOFError, zlib.error):
        return b""
