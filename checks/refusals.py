"""The shape of refusals, the gateway's own and its engines': what OpenAI's clients read."""

from checks.chat import said
from checks.probes.gateway import Answer
from checks.verdict import require

LOADED = "homeport apply loads the committed gateway configuration"


def require_refusal(answer: Answer, status: int, code: str, asked: str) -> None:
    """Fails unless it is that one, in JSON, with its words, its number and what the code says."""
    require(answer.status == status, f"{asked}: {said(answer)}, not {status}", LOADED)
    error = answer.document.get("error")
    words = error if isinstance(error, dict) else {}
    found = f"{asked}: the refusal is no error document: {answer.text[:200]}"
    told = [words.get(name) for name in ("message", "type", "code")]
    require(all(isinstance(one, str) and one for one in told), found, LOADED)
    found = f"{asked}: the refusal's code is {words['code']}, not {code}"
    require(words["code"] == code, found, LOADED)
    kind = answer.headers.get("content-type", "nothing")
    found = f"{asked}: the refusal says that it is {kind}, not application/json"
    require(kind.startswith("application/json"), found, LOADED)
    number, header = words.get("request_id"), answer.headers.get("x-request-id")
    found = f"{asked}: the refusal is {number}, and its X-Request-Id {header}: not found in a log"
    require(number and number == header, found, LOADED)


def require_engines_refusal(answer: Answer, status: int, asked: str, remedy: str) -> None:
    """Fails unless it is an engine's own: its words, what kind it is, and the status once more.

    llama-server and vLLM have the status as `code`; their libraries read the type.
    """
    require(answer.status == status, f"{asked}: {said(answer)}, not {status}", remedy)
    require(answer.error, f"{asked}: the refusal says nothing: {answer.text[:200]}", remedy)
    words = answer.document["error"]
    kind, code = words.get("type"), words.get("code")
    found = f"{asked}: the refusal is of type {kind} and code {code}, not of a type and code"
    require(kind and isinstance(kind, str) and code == status, f"{found} {status}", remedy)
    written = answer.headers.get("content-type", "nothing")
    found = f"{asked}: the refusal says that it is {written}, not application/json"
    require(written.startswith("application/json"), found, remedy)


def require_a_time_to_come_again(answer: Answer, most_seconds: float, asked: str) -> None:
    """Fails unless Retry-After holds so many seconds at most; OpenAI's clients wait for them."""
    words = answer.headers.get("retry-after", "")
    found = f"{asked}: it comes with Retry-After {words or 'missing'}, not 1 to {most_seconds:.0f}"
    require(words.isdecimal() and 1 <= int(words) <= most_seconds, found, LOADED)
