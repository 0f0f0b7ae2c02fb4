"""One line of a batch file: what the gateway would take, and every reason why not."""

import json

import pytest

from deploys.batch.line import read_line
from deploys.batch.offer import offer_of
from deploys.settings.gateway import Gateway
from deploys.settings.pool import Pool
from deploys.settings.refusal import Refused
from tests.batch.batch_files import chat_line
from tests.batch.direct import OFFER

GOOD = chat_line("a")
BODY = GOOD["body"]
LONG = chat_line("a", messages=[{"role": "user", "content": "x" * OFFER.body_limit_bytes}])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 3: is not JSON: Expecting property name"),
        ('"text"', "line 3: is no JSON object"),
        ("[]", "line 3: is no JSON object"),
        ("[" * 100_000, "line 3: is nested too deeply"),
        ('{"custom_id": "a", "custom_id": "b"}', "line 3: says 'custom_id' twice"),
        (json.dumps(chat_line("a", temperature=float("nan"))), "line 3: holds NaN"),
        ('{"custom_id": "a", "body": {"top_p": 1e999}}', "line 3: holds 1e999, which is too large"),
        ({"custom_id": "a", "body": {}}, "line 3.method: is missing"),
        ({**GOOD, "method": "GET"}, "line 3.method: found 'GET'"),
        ({**GOOD, "custom_id": ""}, "line 3.custom_id: found ''"),
        ({**GOOD, "custom_id": 7}, "line 3.custom_id: found 7"),
        ({**GOOD, "custom_id": "\ud800"}, "line 3.custom_id: found"),
        ({**GOOD, "customid": "a"}, "line 3.customid: is not a known key"),
        ({**GOOD, "body": []}, "line 3.body: found []"),
        ({**GOOD, "url": "/v1/chat/completion"}, "did you mean `/v1/chat/completions`?"),
        ({**GOOD, "url": "/v1/rerank"}, "line 3.url: no pool answers on '/v1/rerank'"),
        (chat_line("a", model="chta"), "did you mean `chat`?"),
        (chat_line("a", model="embed"), "it answers on /v1/embeddings"),
        (chat_line("a", model=7), "line 3.body.model: names no model, as a string"),
        ({**GOOD, "body": {}}, "line 3.body.model: names no model, as a string"),
        (chat_line("a", stream=True), "line 3.body.stream: asks for a stream"),
        (LONG, "the gateway takes 4,096"),
    ],
)
def test_a_line_that_cannot_be_sent_is_refused(line: object, complaint: str) -> None:
    text = line if isinstance(line, str) else json.dumps(line)
    with pytest.raises(Refused) as refused:
        read_line(text.encode(), 3, "in.jsonl", OFFER)
    assert complaint in str(refused.value)
    assert "hint: " in str(refused.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [(b'{"custom_id": "\xff"}', "is not UTF-8"), (b"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM")],
)
def test_bytes_that_are_no_text_are_refused(text: bytes, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        read_line(text, 1, "in.jsonl", OFFER)


def test_a_stream_that_is_declined_and_an_alias_are_taken() -> None:
    line = chat_line("a", stream=False, model="gpt-4o")
    request = read_line(json.dumps(line).encode(), 1, "in.jsonl", OFFER)
    assert request.model == "chat"
    assert json.loads(request.body) == line["body"]


def test_where_paths_lead_to_pools_a_line_goes_to_the_pool_that_it_names() -> None:
    pools = {
        name: Pool.model_validate({"model": "tiny-random", "context_tokens": 512})
        for name in ("chat", "code")
    }
    line = json.dumps(chat_line("a", model="code")).encode()
    paths = [
        read_line(line, 1, "in.jsonl", offer_of(pools, Gateway(njs=njs))).path
        for njs in (True, False)
    ]
    assert paths == ["/v1/chat/completions", "/pools/code/v1/chat/completions"]
