"""One request to the gateway, and what its answer means."""

from datetime import UTC, datetime

import httpx

from deploys.batch.json_text import parsed
from deploys.batch.letters import Answer
from deploys.batch.line import Request
from deploys.batch.retrying import Failure, Kind, kind_of, retry_after_seconds

HEADERS = {"Content-Type": "application/json"}
SHOWN_CHARACTERS = 200


async def ask(client: httpx.AsyncClient, request: Request) -> Answer | Failure:
    """Sends it once."""
    try:
        response = await client.post(request.path, content=request.body, headers=HEADERS)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Failure(Kind.NO_ENTRY, f"the gateway is not believed: {error}")
        return Failure(Kind.NOT_NOW, f"the gateway was not reached: {_words(error)}")
    except httpx.TransportError as error:
        return Failure(Kind.BROKEN, f"the connection broke off: {_words(error)}")
    except httpx.HTTPError as error:
        return Failure(Kind.BROKEN, f"the answer cannot be read: {_words(error)}")
    return _judged(response)


def _judged(response: httpx.Response) -> Answer | Failure:
    headers = response.headers
    try:
        body, is_json = parsed(response.content), True
    except ValueError:
        body, is_json = response.text, False
    answer = Answer(
        response.status_code,
        headers.get("X-Request-Id", ""),
        body,
        headers.get("X-Homeport-Provider", ""),
    )
    if response.is_success and is_json:
        return answer
    if response.is_success:
        return Failure(Kind.BROKEN, f"{response.status_code} without JSON", answer)
    kind, said = kind_of(response.status_code), _status_words(answer)
    if kind is Kind.NO_ENTRY:
        said = f"the gateway does not take the key: {said}"
    wait_seconds = retry_after_seconds(headers.get("Retry-After", ""), datetime.now(UTC))
    return Failure(kind, said, answer, wait_seconds)


def _status_words(answer: Answer) -> str:
    """The status and the message of OpenAI's error format, or how the text begins."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return f"{answer.status}: {message or answer.body}"[:SHOWN_CHARACTERS]


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
