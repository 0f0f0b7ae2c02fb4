"""Images of one colour, small as files and as large as asked for: PNG by hand, no library."""

import base64
import struct
import zlib


def png(width: int, height: int, level: int = 128) -> bytes:
    """Grey, of eight bits a channel."""
    rows = (b"\0" + bytes([level]) * (3 * width)) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bomb(width: int, height: int) -> bytes:
    """A PNG that says a size and holds next to nothing of it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IEND", b"")


def data_url(image: bytes, kind: str = "png") -> str:
    """As a request holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def seeing(*urls: str, model: str = "chat", text: str = "look") -> dict[str, object]:
    """A chat request with images by their URLs."""
    parts: list[dict[str, object]] = [{"type": "text", "text": text}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"model": model, "max_tokens": 8, "messages": [{"role": "user", "content": parts}]}


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check
