"""What a run says of itself at its end, and while it runs."""

import json

import pytest

from deploys.batch.letters import Answer
from deploys.batch.money import Tariff, costs
from deploys.batch.tally import Tally, Tokens
from deploys.cli.batch_progress import progress_words
from deploys.settings.cloud import Price
from tests.batch.batch_files import chat_line, embedding_line
from tests.batch.desk import Desk, Settle
from tests.batch.direct import Direct
from tests.batch.scripted_gateway import Reply
from tests.environments import POOL
from tests.render.cloud_plans import CLOUD, small_cloud

TOKENS = {"prompt_tokens": 1000, "completion_tokens": 500}


def by_provider(name: str, time: int) -> Reply:
    """One line is answered by the cloud, one without a usage, one at the second try."""
    if name == "late" and time == 1:
        return Reply(503)
    provider = {"X-Homeport-Provider": "acme"} if name == "far" else {}
    return Reply(200, {} if name == "silent" else {"usage": TOKENS}, provider)


LINES = [chat_line("near"), chat_line("far", model="gpt-4o"), chat_line("late"),
         chat_line("silent"), embedding_line("tide")]  # fmt: skip


@pytest.fixture
def cloud_desk(settle: Settle, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose requests may leave; a million tokens cost 2 and 10 EUR out there."""
    monkeypatch.setenv("ACME_KEY", "key-of-acme")
    clients = {"demo": {"key": "env:HOMEPORT_TEST_KEY", "cloud": "fallback"}}
    pools = {"chat": {**POOL, "aliases": ["gpt-4o"], "cloud": "fallback"}}
    desk = settle({"cloud": CLOUD, "clients": clients, "pools": pools})
    desk.gateway.reply = by_provider
    return desk


def test_the_summary_has_each_model_with_its_tokens_and_what_they_cost(
    cloud_desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    prices = ("--price", "0.5:1", "--price", "embed=0.1:0")
    capfd.readouterr()
    assert cloud_desk.run(LINES, *prices, "--json") == 0
    document = json.loads(capfd.readouterr().out)
    chat, embed = document["models"]["chat"], document["models"]["embed"]
    assert (chat["answered"], chat["failed"], chat["retries"]) == (4, 0, 1)
    assert (chat["prompt_tokens"], chat["completion_tokens"]) == (3000, 1500)
    assert chat["without_usage"] == 1
    assert chat["seconds"] > 0
    # Both are rounded, the seconds to a thousandth of one.
    fewest, most = (4500 / (chat["seconds"] + by) for by in (0.0005, -0.0005))
    assert fewest - 0.05 <= chat["tokens_per_second"] <= most + 0.05
    # Two of 1000 and 500 here, one there.
    assert chat["providers"]["fleet"]["cost"] == pytest.approx(2 * (0.0005 + 0.0005))
    assert chat["providers"]["acme"]["cost"] == pytest.approx(0.002 + 0.005)
    assert embed["cost"] == pytest.approx(0.0001)
    assert document["cost"] == pytest.approx(0.002 + 0.007 + 0.0001)
    assert document["currency"] == "EUR"
    assert (document["lines"], document["answered"], document["left"]) == (5, 5, 0)


def test_people_are_told_the_same_in_lines(
    cloud_desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert cloud_desk.run(LINES) == 0
    told = capfd.readouterr().out.splitlines()
    assert told[0].startswith("chat: 4 answered, 0 failed, 1 retries in ")
    assert told[1].startswith("  3,000 prompt and 1,500 completion tokens, ")
    assert told[2:4] == ["  1 answered by acme, cost 0.0070 EUR", "  3 answered by fleet"]
    assert told[4].startswith("embed: 1 answered, ")
    assert told[-3:] == [
        "in.jsonl: 5 lines, 5 answered now",
        "1 answers say nothing of tokens: they are not in these figures",
        "answers: in.answers.jsonl",
    ]


def test_answers_without_a_price_have_no_cost() -> None:
    tally = Tally()
    model = tally.begin("chat", 1)
    for provider in ("fleet", "acme", "cache", ""):
        tally.answer(model, Answer(200, "", {"usage": TOKENS}, provider), 2)
    assert set(costs("chat", model, Tariff()).values()) == {None}
    tariff = Tariff({"chat": Price(prompt=1, completion=2)}, small_cloud())
    found = costs("chat", model, tariff)
    assert found["fleet"] == pytest.approx(0.002)
    assert found["acme"] == pytest.approx(0.007)
    assert (found["cache"], found[""]) == (None, None)
    # A price of the chat pool is none of another one's.
    assert costs("other", model, tariff)["fleet"] is None


@pytest.mark.parametrize(
    "usage",
    [None, [], {"prompt_tokens": None}, {"prompt_tokens": "7"}, {"prompt_tokens": 1.5}],
)
def test_a_usage_that_says_nothing_is_counted_as_such(usage: object) -> None:
    tally = Tally()
    model = tally.begin("chat", 1)
    tally.answer(model, Answer(200, "", {"usage": usage}, "fleet"), 2)
    assert model.unmetered == 1
    assert model.all_tokens == Tokens()


def test_progress_says_done_failed_in_flight_rate_and_left(direct: Direct) -> None:
    direct.gateway.reply = lambda name, _: Reply(400 if name == "bad" else 200)
    run = direct.run([chat_line("bad"), chat_line("a"), chat_line("b")])
    words = progress_words(run, 1003, 2.0)
    assert words == "done 2, failed 1, in flight 0, 1.5/s, left 1,000"


def test_a_terminal_sees_progress_on_standard_error(
    desk: Desk, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What has rich take any stream for a terminal.
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert desk.run([chat_line("a")]) == 0
    told = capfd.readouterr()
    assert "checking" in told.err
    assert "done 1, failed 0, in flight 0" in told.err
    assert "in flight" not in told.out
