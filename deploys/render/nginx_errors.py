"""Every error the gateway itself answers with, in the shape of the OpenAI API."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from deploys.render.nginx_text import nginx_string

# nginx refuses a word of 4096 characters; the rest of the answer takes some hundred.
LONGEST_LIST = 2500
ABOUT_THE_MODEL = ("no_model", "two_models", "model_not_found")


@dataclass(frozen=True)
class ErrorPage:
    """One answer: which statuses inside nginx lead to it, and what the client gets."""

    name: str
    codes: tuple[int, ...]
    """Empty: chosen by a variable (no_key or wrong_key; what failures.conf says)."""
    status: int
    body: str
    headers: tuple[str, ...] = ()


def error_pages(public_names: Sequence[str], body_limit_mib: int) -> list[ErrorPage]:
    """All of them; 471 to 474 are what gateway.js says inside nginx."""
    return [*_mistakes(body_limit_mib), *_names(public_names), *_keys(), *_failures()]


def known_models(public_names: Sequence[str]) -> str:
    """The names, as many as fit into one answer, and how many more there are."""
    shown = list(public_names)
    while len(", ".join(shown)) > LONGEST_LIST:
        shown.pop()
    more = len(public_names) - len(shown)
    return ", ".join(shown) + (f" and {more} more, see GET /v1/models" if more else "")


def _mistakes(body_limit_mib: int) -> list[ErrorPage]:
    allow = ("Allow $allowed_method",)
    limit = f"The body is larger than {body_limit_mib} MiB."
    return [
        _page("bad_request", (400,), 400, "The request is malformed."),
        _page("headers_too_large", (494,), 431, "The headers are larger than 32 KiB."),
        _page("not_json", (471,), 400, "The body is not a JSON object."),
        _page("no_model", (472,), 400, "The body must name a model, as a string."),
        _page("two_models", (474,), 400, "The body names a model more than once."),
        _page("wrong_method", (405,), 405, "This path takes another method.", allow),
        _page("too_slow", (408,), 408, "The request took too long to arrive."),
        _page("too_large", (413,), 413, limit),
        _page("address_too_long", (414,), 414, "The address is too long."),
    ]


def _names(public_names: Sequence[str]) -> list[ErrorPage]:
    message = f"There is no such model. Known: {known_models(public_names)}."
    return [
        _page("model_not_found", (473,), 404, message),
        _page("path_not_found", (404,), 404, "This path is not served."),
    ]


def _keys() -> list[ErrorPage]:
    ask = ("WWW-Authenticate Bearer",)
    needed = "An API key is needed: Authorization: Bearer KEY."
    return [
        _page("no_key", (), 401, needed, ask),
        _page("wrong_key", (), 401, f"This API key is not valid. {needed}", ask),
    ]


def _failures() -> list[ErrorPage]:
    retry = ("Retry-After 2",)
    return [
        _page("internal", (500,), 500, "The gateway failed."),
        _page("not_implemented", (501,), 501, "This transfer encoding is not known."),
        _page("broken_off", (), 502, "The engine broke off before it answered."),
        _page("unavailable", (503,), 503, "No replica can take the request now.", retry),
        _page("timed_out", (), 504, "The engine did not answer in time."),
        _page("wrong_version", (505,), 505, "This version of HTTP is not known."),
    ]


def _page(
    name: str, codes: tuple[int, ...], status: int, message: str, headers: tuple[str, ...] = ()
) -> ErrorPage:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    param = "model" if name in ABOUT_THE_MODEL else None
    error = {"message": message, "type": kind, "param": param, "code": name}
    # The client's own words never stand in it. $request_id is hexadecimal: fit for JSON as it is.
    text = nginx_string(json.dumps({"error": {**error, "request_id": "REQUEST_ID"}}))
    return ErrorPage(name, codes, status, text.replace("REQUEST_ID", "$request_id"), headers)
