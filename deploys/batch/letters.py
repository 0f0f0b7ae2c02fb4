"""The lines that a run writes: OpenAI's batch output format, for answers and for dead letters."""

from dataclasses import dataclass
from typing import Literal

from deploys.batch.json_text import written

# What an id begins with, there as here.
ID = "batch_req_"
# Why a line has no answer: it could not be sent; the gateway or engine refused it; it was tried as
# often as may be.
Reason = Literal["invalid", "refused", "given_up"]


@dataclass(frozen=True)
class Answer:
    """One whole HTTP answer of the gateway."""

    status: int
    request_id: str
    """The gateway's number of the request, as its log has it."""
    body: object
    """Parsed; its text where it is no JSON."""
    provider: str = ""
    """Who generated it: `fleet`, or the cloud's name."""

    def document(self) -> dict[str, object]:
        """As `response` has it."""
        return {"status_code": self.status, "request_id": self.request_id, "body": self.body}


def id_of(digest: str, number: int) -> str:
    """Names input and line, so that each line of a file says what it is the answer to."""
    return f"{ID}{digest[:16]}_{number}"


def answer_line(digest: str, number: int, custom_id: str, answer: Answer) -> bytes:
    """What the output gets for a line that was answered."""
    one = {"id": id_of(digest, number), "custom_id": custom_id}
    return written({**one, "response": answer.document(), "error": None}) + b"\n"


def dead_letter(
    digest: str, number: int, custom_id: str | None, error: tuple[Reason, str], last: Answer | None
) -> bytes:
    """What the dead letters get: the last answer if there was any, and the reason in words.

    `custom_id` is None where the line could not be read.
    """
    code, message = error
    return (
        written(
            {
                "id": id_of(digest, number),
                "custom_id": custom_id,
                "response": last.document() if last else None,
                "error": {"code": code, "message": message, "line": number},
            }
        )
        + b"\n"
    )
