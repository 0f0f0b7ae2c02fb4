"""Every error the gateway itself answers with, in the shape of the OpenAI API."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deploys.render.nginx_text import nginx_string

# nginx refuses a word of 4096 characters; the rest of the answer takes some hundred.
LONGEST_LIST = 2500
KEY_NEEDED = "An API key is needed: Authorization: Bearer KEY."
ASK_FOR_A_KEY = ("WWW-Authenticate Bearer",)
ABOUT_THE_BODY = ("not_json", "no_model", "two_models")
ABOUT_THE_MODEL = ("no_model", "two_models", "model_not_found", "wrong_path")

# What nginx knows about a request, written <so> in a message. None holds the client's own words:
# hexadecimal digits, numbers and words of the settings are fit for JSON as they are.
VARIABLES = (
    "request_id",
    "tier",
    "rate_words",
    "requests_at_once",
    "tokens_per_minute",
    "tokens_per_day",
    "images_per_request",
    "image_megapixels",
)


@dataclass(frozen=True)
class ErrorPage:
    """One answer: which statuses inside nginx lead to it, and what the client gets."""

    name: str
    codes: tuple[int, ...]
    """Empty: chosen by a variable (no_key or wrong_key; what failures.conf says)."""
    status: int
    body: str
    headers: tuple[str, ...] = ()


def error_pages(
    public_names: Sequence[str], body_limit_mib: int, models_by_path: str = ""
) -> list[ErrorPage]:
    """All but those about limits (nginx_limits) and images (nginx_images).

    gateway.js says 471 to 475 inside nginx.

    `models_by_path` is empty where every model answers on every path.
    """
    names = [*_names(public_names), *([_wrong_path(models_by_path)] if models_by_path else [])]
    return [*_mistakes(body_limit_mib), *names, *_keys(), *_failures()]


def path_error_pages(pools: Sequence[str], body_limit_mib: int) -> list[ErrorPage]:
    """The same of a gateway that reads no body: it finds pools by the path."""
    mistakes = [one for one in _mistakes(body_limit_mib) if one.name not in ABOUT_THE_BODY]
    message = f"This path is not served. Pools, each below /pools/NAME/v1: {known_models(pools)}."
    return [*mistakes, page("path_not_found", (404,), 404, message), *_keys(), *_failures()]


def egress_error_pages(body_limit_mib: int) -> list[ErrorPage]:
    """What the egress hop answers itself; 480 to 483 are what egress.js says inside nginx."""
    retry = ("Retry-After 2",)
    too_large = f"The body is larger than {body_limit_mib} MiB."
    pages = [
        page("bad_request", (400,), 400, "The request is malformed."),
        page("cloud_refuses_key", (401, 403), 502, "The provider does not take our key."),
        page("path_not_found", (404, 405), 404, "This path does not go to the cloud."),
        page("too_large", (413,), 413, too_large),
        page("internal", (500,), 500, "The egress hop failed."),
        page("cloud_unreachable", (502,), 502, "The provider cannot be reached.", retry),
        page("cloud_timed_out", (504,), 504, "The provider did not answer in time.", retry),
        page("cloud_not_offered", (480,), 503, "This does not go to the cloud.", retry),
        page("cloud_budget_spent", (481,), 503, "The budget for the cloud is spent.", retry),
        page("cloud_resting", (482,), 503, "The provider failed and is left alone.", retry),
        page("cloud_not_recorded", (483,), 503, "What leaves cannot be recorded.", retry),
    ]
    # The gateway's number of the request, not the hop's own.
    return [replace(one, body=one.body.replace("$request_id", "$sent_id")) for one in pages]


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
        page("bad_request", (400,), 400, "The request is malformed."),
        page("headers_too_large", (494,), 431, "The headers are larger than 32 KiB."),
        page("not_json", (471,), 400, "The body is not a JSON object."),
        page("no_model", (472,), 400, "The body must name a model, as a string."),
        page("two_models", (474,), 400, "The body names a model more than once."),
        page("wrong_method", (405,), 405, "This path takes another method.", allow),
        page("too_large", (413,), 413, limit),
        page("address_too_long", (414,), 414, "The address is too long."),
    ]


def _names(public_names: Sequence[str]) -> list[ErrorPage]:
    message = f"There is no such model. Known: {known_models(public_names)}."
    return [
        page("model_not_found", (473,), 404, message),
        page("path_not_found", (404,), 404, "This path is not served."),
    ]


def _wrong_path(models_by_path: str) -> ErrorPage:
    """For a model of another kind: embeddings cannot be had of one that generates text."""
    served = models_by_path if len(models_by_path) <= LONGEST_LIST else "see the documentation"
    message = f"This model does not answer on this path. Served: {served}."
    return page("wrong_path", (475,), 400, message)


def _keys() -> list[ErrorPage]:
    return [
        page("no_key", (), 401, KEY_NEEDED, ASK_FOR_A_KEY),
        page("wrong_key", (), 401, f"This API key is not valid. {KEY_NEEDED}", ASK_FOR_A_KEY),
    ]


def _failures() -> list[ErrorPage]:
    retry = ("Retry-After 2",)
    return [
        page("internal", (500,), 500, "The gateway failed."),
        page("not_implemented", (501,), 501, "This transfer encoding is not known."),
        page("broken_off", (), 502, "The engine broke off before it answered."),
        page("unavailable", (503,), 503, "No replica can take the request now.", retry),
        page("timed_out", (), 504, "The engine did not answer in time."),
        page("wrong_version", (505,), 505, "This version of HTTP is not known."),
    ]


def page(
    name: str, codes: tuple[int, ...], status: int, message: str, headers: tuple[str, ...] = ()
) -> ErrorPage:
    """One answer; `message` may name VARIABLES."""
    param = "model" if name in ABOUT_THE_MODEL else None
    error = {"message": message, "type": _kind(status), "param": param, "code": name}
    text = nginx_string(json.dumps({"error": {**error, "request_id": "<request_id>"}}))
    for variable in VARIABLES:
        text = text.replace(f"<{variable}>", f"${variable}")
    return ErrorPage(name, codes, status, text, headers)


def _kind(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
