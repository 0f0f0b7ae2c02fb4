"""What a fake gateway refuses because it is too much: as it should, or wrong in one way."""

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

MIB = 1024 * 1024
Refusal = tuple[int, str, str]
"""Status, code and words."""
WAITS = "HTTP/1.1 100 Continue\r\n\r\n"


@dataclass
class FakeLimits:
    """The defaults are right for the gateway that test_check_limits commits."""

    tiered_key: str = "key-of-a-tier"
    body_bytes: int = 4 * MIB
    body_words: str = "The body is larger than 4 MiB."
    anonymous_requests: float = 4
    """As many pass without a key; float("inf"): all."""
    anonymous_code: str = "too_many_wrong_keys"
    tier_requests: float = 4
    at_once: float = 2
    forgets_who_left: bool = True
    """Whether a place is free again when its request has ended."""
    retry_after: str | None = "1"
    tier_words: str = "Tier slow allows 60 requests a minute and 3 more at once."
    neighbours: int = 0
    """How many requests with a key are refused for what others did without one."""

    def __post_init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._now = 0
        self._lock = threading.Lock()

    def refusal(self, handler: BaseHTTPRequestHandler, *, may_enter: bool) -> Refusal | None:
        """None: it passes. A tier's rate counts what asks an engine alone."""
        with self._lock:
            self._seen["nobody"] += not may_enter
            self._seen["tiered"] += self._is_tiered(handler) and handler.command == "POST"
            is_too_much = self._seen["nobody"] > self.anonymous_requests
            if is_too_much and (self.neighbours or not may_enter):
                self.neighbours -= may_enter
                return 429, self.anonymous_code, "Too many requests without a valid API key."
            if self._is_tiered(handler) and self._seen["tiered"] > self.tier_requests:
                return 429, "too_many_requests", self.tier_words
        code = "wrong_key" if "Authorization" in handler.headers else "no_key"
        return None if may_enter else (401, code, "a key is needed")

    def begin(self, handler: BaseHTTPRequestHandler) -> Refusal | None:
        """Waits for a body that never comes, if its length and its client's place allow it."""
        if int(handler.headers["Content-Length"]) > self.body_bytes:
            return 413, "too_large", self.body_words
        # As nginx does, to those too that it refuses then.
        handler.wfile.write(WAITS.encode())
        is_counted = self._is_tiered(handler)
        with self._lock:
            if is_counted and self._now >= self.at_once:
                return 429, "too_many_at_once", "Tier slow allows 2 requests at the same time."
            self._now += is_counted
        handler.rfile.read(1)
        with self._lock:
            self._now -= is_counted and self.forgets_who_left
        return None

    def _is_tiered(self, handler: BaseHTTPRequestHandler) -> bool:
        return handler.headers.get("Authorization") == f"Bearer {self.tiered_key}"


@dataclass
class FakeRefusals:
    """How all of them look."""

    in_html: bool = False
    content_type: str = "application/json"
    names_request: bool = True
    codes: Mapping[str, str] = field(default_factory=dict)
    """Another code in the place of the right one."""
    allow: str | None = "POST"
    authenticate: str | None = "Bearer"

    def send(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        code: str,
        message: str,
        retry_after: str | None,
    ) -> None:
        """One refusal, whole."""
        error = {"message": message, "type": "invalid_request_error", "param": None}
        error |= {"code": self.codes.get(code, code), "request_id": "7"}
        text = b"{}" if self.in_html else json.dumps({"error": error}).encode()
        headers = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(text)),
            "X-Request-Id": "7" if self.names_request else "8",
            "Retry-After": retry_after if status == 429 else None,
            "Allow": self.allow if status == 405 else None,
            "WWW-Authenticate": self.authenticate if status == 401 else None,
        }
        handler.send_response(status)
        for name, value in headers.items():
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)
