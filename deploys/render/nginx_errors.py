"""Every error the gateway itself answers with, in the shape of the OpenAI API."""

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorPage:
    """One answer: which internal codes lead to it, and what the client gets."""

    name: str
    codes: tuple[int, ...]
    status: int
    body: str
    headers: tuple[str, ...] = ()


def error_pages(public_names: Sequence[str], body_limit_mib: int) -> list[ErrorPage]:
    """All of them; 470 to 473 are what key.conf and gateway.js say inside nginx."""
    known = ", ".join(public_names)
    retry = ("Retry-After 2",)
    return [
        _page("bad_request", (400, 494, 495, 496, 497), 400, "The request is malformed."),
        _page("bad_body", (471,), 400, "The body is not JSON."),
        _page("no_model", (472,), 400, "The body must be a JSON object with a string `model`."),
        _page(
            "no_key",
            (401, 470),
            401,
            "A valid API key is required: Authorization: Bearer KEY.",
            ("WWW-Authenticate Bearer",),
        ),
        _page("forbidden", (403,), 403, "This is not allowed."),
        _page("unknown_model", (473,), 404, f"There is no such model. Known: {known}."),
        _page("unknown_path", (404,), 404, "This path is not served."),
        _page("wrong_method", (405,), 405, "This path does not take this method."),
        _page("too_slow", (408,), 408, "The request took too long to arrive."),
        _page("too_large", (413,), 413, f"The body is larger than {body_limit_mib} MiB."),
        _page("too_long", (414,), 414, "The address is too long."),
        _page("internal", (500,), 500, "The gateway failed."),
        _page("unavailable", (502, 503), 503, "No replica can take the request now.", retry),
        _page("timed_out", (504,), 504, "The engine did not answer in time."),
    ]


def _page(
    name: str, codes: tuple[int, ...], status: int, message: str, headers: tuple[str, ...] = ()
) -> ErrorPage:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": None, "code": name}
    # $request_id is hexadecimal, so nginx can put it into JSON as it stands.
    body = json.dumps({"error": {**error, "request_id": "$request_id"}})
    return ErrorPage(name, codes, status, body, headers)
