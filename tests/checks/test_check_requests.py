"""Each check of chats fails for its own reason, and for no other check's."""

from typing import Any

import pytest
import yaml

from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_gateway import Behaviour, fake_gateway

READ = "answers read like answers"
END = "answers end where they were told to"
EVENTS = "streams hold whole events"
CONTEXT = "what is longer than the context is refused clearly"
LONG = "long answers come whole"
SEED = "whether a seed repeats an answer"
SCHEMA = "answers keep to a schema"
TOOLS = "tools are called as they are described"
PICTURES = "pictures are seen or refused"
FILES = ("check_requests.py", "check_abilities.py")


def test_chats_as_they_should_be_pass_every_check(run_checks: RunChecks, gateway_url: str) -> None:
    outcomes = run_checks(*FILES, gateway_url=gateway_url)

    assert set(outcomes) == {
        f"{name} localhost"
        for name in (READ, END, EVENTS, CONTEXT, LONG, SEED, SCHEMA, TOOLS, PICTURES)
    }
    assert (failed(outcomes), messages(outcomes).strip()) == (set(), "")


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "goes past its end": ({"keeps_to_length": False}, END, "2 tokens were asked for, and 64 came"),
    "hides that it was cut off": ({"reason_at_length": "stop"}, END, "ends with stop, not length"),
    "does not stop at a word": ({"keeps_to_stop": False}, END, "was to stop before each of"),
    "streams an error": ({"stream_error": True}, EVENTS, "inside a stream that began well"),
    "streams no word": ({"stream_text": ""}, EVENTS, "a stream without a word"),
    "streams its template": ({"stream_text": "<|im_end|>"}, EVENTS, "<|im_end|> of the chat"),
    "ends streams without a reason": ({"stream_ends": None}, EVENTS, "with no finish_reason"),
    "counts nothing in streams": ({"stream_counts": False}, EVENTS, "was to say its usage"),
    "cuts prompts": ({"context_tokens": 10**6}, CONTEXT, "says 200"),
    "fails at long prompts": ({"overflow_status": 500}, CONTEXT, "says 500"),
    "refuses long prompts without a word": ({"overflow_words": ""}, CONTEXT, "says nothing"),
    "refuses long prompts as no type": ({"overflow_type": ""}, CONTEXT, "of type  and code 400"),
    "refuses long prompts as a failure": ({"overflow_code": 500}, CONTEXT, "and code 500, not of"),
    "ends long answers quietly": (
        {"longest_tokens": 3},
        LONG,
        "an answer of 1024 tokens ended after 3, and said [DONE]",
    ),
    "leaves the schema": ({"light": "The light is red."}, SCHEMA, "and is The light is red."),
    "writes more than the schema": (
        {"light": '{"colour": "red", "lit": true, "more": 1}'},
        SCHEMA,
        "by the schema it should be a light",
    ),
    "finds no end of the schema": ({"light_ends": "length"}, SCHEMA, "no end within 512 tokens"),
    "calls a tool that nobody offered": ({"calls": "rm"}, TOOLS, "it calls 'rm'"),
    "calls a tool with an object": (
        {"arguments": {"colour": "red", "lit": True}},
        TOOLS,
        "no JSON in a string",
    ),
    "calls a tool without a number": ({"call_id": ""}, TOOLS, "no id to answer to"),
    "drops pictures": ({"takes_pictures": True}, PICTURES, "the prompt has 5 tokens, 5 without"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_its_own_check_fails_when_a_model(
    fault: tuple[dict[str, Any], str, str],
    run_checks: RunChecks,
    behaviour: Behaviour,
    gateway_url: str,
) -> None:
    changes, check, words = fault
    behaviour.text = "seven ships"
    for name, value in changes.items():
        setattr(behaviour.chats, name, value)

    file = FILES[check in (SCHEMA, TOOLS, PICTURES)]
    outcomes = run_checks(file, gateway_url=gateway_url)

    assert failed(outcomes) == {check}
    assert words in messages(outcomes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no text"),
        ("\n\n", "holds no text"),
        ("ferry. haul " * 12, "over and over"),
        ("So <|im_start|>assistant", "<|im_start|> of the chat template"),
        ("Thus </s>", "</s> of the chat template"),
    ],
)
def test_a_text_is_read(
    text: str, words: str, run_checks: RunChecks, behaviour: Behaviour, deployment: Deployment
) -> None:
    """Of random weights nothing but what no weights are to say."""
    with fake_gateway(behaviour) as port:
        url = f"http://127.0.0.1:{port}"
        behaviour.text = text
        outcomes = run_checks("check_requests.py", gateway_url=url)
        assert (READ in failed(outcomes)) == ("chat template" in words)

        model = deployment.release.models[0].model_copy(update={"source": "https://models.example"})
        deployment.commit(models=(model,))
        outcomes = run_checks("check_requests.py", gateway_url=url)
    assert READ in failed(outcomes)
    assert words in messages(outcomes)


def test_a_long_answer_that_breaks_off_is_found(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.ends_streams = False
    outcomes = run_checks("check_requests.py", gateway_url=gateway_url)
    assert failed(outcomes) == {LONG}
    assert "an answer of 1024 tokens broke off" in messages(outcomes)


def test_a_slow_answer_is_awaited_for_longer_than_proxies_wait_and_no_further(
    run_checks: RunChecks,
    behaviour: Behaviour,
    gateway_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    behaviour.ends_streams = False
    monkeypatch.setattr("checks.check_requests.LONG_SECONDS", 0.1)
    outcomes = run_checks("check_requests.py", gateway_url=gateway_url)
    assert (failed(outcomes), messages(outcomes).strip()) == (set(), "")


@pytest.mark.parametrize("text", ["A harbour shelters ships. They are loaded there.", "No."])
def test_an_answer_of_real_weights_that_reads_like_one_passes(
    text: str,
    run_checks: RunChecks,
    behaviour: Behaviour,
    deployment: Deployment,
    gateway_url: str,
) -> None:
    model = deployment.release.models[0].model_copy(update={"source": "https://models.example"})
    deployment.commit(models=(model,))
    behaviour.text = text
    outcomes = run_checks("check_requests.py", gateway_url=gateway_url)
    assert outcomes[f"{READ} localhost"]["result"] == "passed"
    assert failed(outcomes) == set()


def test_a_seed_that_repeats_nothing_is_told_and_no_failure(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.chats.sampled, behaviour.text = True, "n"
    outcomes = run_checks("check_requests.py", gateway_url=gateway_url)
    assert failed(outcomes) == set()
    told = outcomes[f"{SEED} localhost"]["message"]
    assert told == "tiny: temperature 0 and a seed gave two different answers, by chat-1 and chat-2"


def test_a_model_without_tools_is_told_and_no_failure(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.chats.calls = ""
    outcomes = run_checks("check_abilities.py", gateway_url=gateway_url)
    assert failed(outcomes) == set()
    assert "tiny: it calls no tools" in messages(outcomes)


@pytest.mark.parametrize(
    ("words", "check"), [("--tool-call-parser hermes", TOOLS), ("--mmproj x.gguf", PICTURES)]
)
def test_what_the_commit_promises_has_to_be_there(
    words: str, check: str, run_checks: RunChecks, behaviour: Behaviour, deployment: Deployment
) -> None:
    behaviour.chats.calls = ""
    compose = deployment.root / "compose" / "lab" / "localhost" / "gpu_hosts" / "compose.yaml"
    document = yaml.safe_load(compose.read_text())
    for service in document["services"].values():
        service["command"] += words.split()
    compose.write_text(yaml.safe_dump(document))
    with fake_gateway(behaviour) as port:
        outcomes = run_checks("check_abilities.py", gateway_url=f"http://127.0.0.1:{port}")
    assert failed(outcomes) == {check}


def test_what_a_model_that_sees_says_of_a_picture_is_told_and_judges_nothing(
    run_checks: RunChecks, behaviour: Behaviour, deployment: Deployment, gateway_url: str
) -> None:
    model = deployment.release.models[0].model_copy(update={"source": "https://models.example"})
    deployment.commit(models=(model,))
    behaviour.chats.takes_pictures = behaviour.chats.sees = True
    behaviour.text = "It is blue."
    outcomes = run_checks("check_abilities.py", gateway_url=gateway_url)
    assert failed(outcomes) == set()
    told = outcomes[f"{PICTURES} localhost"]["message"]
    assert told == "tiny saw a red picture and said 'It is blue.'"
    behaviour.text = "It is Red."
    outcomes = run_checks("check_abilities.py", gateway_url=gateway_url)
    assert (failed(outcomes), messages(outcomes).strip()) == (set(), "")


def test_a_model_that_sees_passes(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.chats.takes_pictures = behaviour.chats.sees = True
    assert failed(run_checks("check_abilities.py", gateway_url=gateway_url)) == set()
