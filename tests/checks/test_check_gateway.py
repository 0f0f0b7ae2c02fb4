"""Each check of the gateway fails for its own reason, and for no other check's."""

from typing import Any

import pytest

from deploys.questions.canaries import NOW, Share, share_file
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import KEY, REVISION, Deployment
from tests.checks.fake_gateway import Behaviour, fake_gateway
from tests.checks.fake_limits import FakeLimits, FakeRefusals

CHAT = "every model answers a chat"
STREAMS = "streams arrive over time"
KEYS = "nobody enters without a key"
UNKNOWN = "an unknown model is refused with the known ones"
PATHS = "paths that are not served are closed"
REPLICAS = "every replica takes part"


def test_a_gateway_as_committed_passes_every_check(run_checks: RunChecks, gateway_url: str) -> None:
    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)

    assert failed(outcomes) == set()
    names = {line["check"] for line in outcomes.values()}
    assert {CHAT, STREAMS, KEYS, UNKNOWN, PATHS, REPLICAS} < names


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "is ill": ({"health_status": 503}, "the gateway says it is well", "503 instead of 200"),
    "gives empty answers": ({"text": ""}, CHAT, "holds no text"),
    "counts no tokens": ({"usage": {"prompt_tokens": 5}}, CHAT, "counts no tokens"),
    "buffers streams": ({"buffers_streams": True}, STREAMS, "41 events in 1 bursts"),
    "cuts streams off": ({"ends_streams": False}, STREAMS, "ends without [DONE]"),
    "streams garbage": ({"garbles_streams": True}, STREAMS, "40 events of the stream are no piece"),
    "lets anybody in": ({"lets_in": ("",)}, KEYS, "/v1/models: the gateway says 200: "),
    "takes any key": (
        {"lets_in": ("Bearer homeport-check-wrong-key",)},
        KEYS,
        "/v1/models: the gateway says 200: ",
    ),
    "refuses without a word": (
        {"refusals": FakeRefusals(in_html=True)},
        KEYS,
        "/v1/models: the refusal is no error document: {}",
    ),
    "refuses in another type": (
        {"refusals": FakeRefusals(content_type="text/html")},
        KEYS,
        "says that it is text/html, not application/json",
    ),
    "refuses under another number": (
        {"refusals": FakeRefusals(names_request=False)},
        KEYS,
        "the refusal is 7, and its X-Request-Id 8",
    ),
    "calls a wrong key none": (
        {"refusals": FakeRefusals(codes={"wrong_key": "no_key"})},
        KEYS,
        "the refusal's code is no_key, not wrong_key",
    ),
    "does not say how to come in": (
        {"refusals": FakeRefusals(authenticate=None)},
        KEYS,
        "the refusal asks for nothing (WWW-Authenticate), not for Bearer",
    ),
    "asks for passwords": (
        {"refusals": FakeRefusals(authenticate="Basic")},
        KEYS,
        "the refusal asks for Basic",
    ),
    "names another limit of tried keys": (
        {"limits": FakeLimits(anonymous_requests=2, anonymous_code="wrong_key")},
        KEYS,
        "code is wrong_key, not too_many_wrong_keys",
    ),
    "calls an unknown model another thing": (
        {"refusals": FakeRefusals(codes={"model_not_found": "no_model"})},
        UNKNOWN,
        "the refusal's code is no_model, not model_not_found",
    ),
    "keeps its models to itself": ({"names_known_models": False}, UNKNOWN, "does not name"),
    "takes any model": ({"unknown_model_status": 400}, UNKNOWN, "says 400"),
    "serves metrics": ({"open_paths": ("/metrics",)}, PATHS, "/metrics says 200"),
    "uses one replica only": (
        {"replicas": ("172.18.0.11:8080",)},
        REPLICAS,
        "for 6 s no request reached:\n  chat-2",
    ),
    "leads to a stranger": (
        {"replicas": ("172.18.0.66:8080",)},
        REPLICAS,
        "172.18.0.66 is no replica",
    ),
    "hides who answered": ({"names_replica": False}, REPLICAS, "has no X-Homeport-Replica"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_its_own_check_fails_when_a_gateway(
    fault: tuple[dict[str, Any], str, str],
    run_checks: RunChecks,
    behaviour: Behaviour,
    gateway_url: str,
) -> None:
    changes, check, words = fault
    for name, value in changes.items():
        setattr(behaviour, name, value)

    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)

    # What is wrong with all refusals is seen by both checks that read some.
    told = behaviour.refusals
    is_any = told.in_html or told.content_type != "application/json" or not told.names_request
    also = {UNKNOWN} if is_any else set()
    assert failed(outcomes) == {check} | also
    assert words in messages(outcomes)


def test_an_address_that_has_tried_too_many_keys_is_kept_out_as_well(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.limits.anonymous_requests = 2
    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)
    assert failed(outcomes) == set()


def test_what_a_person_has_drained_is_told_and_no_failure(
    run_checks: RunChecks, behaviour: Behaviour, deployment: Deployment, gateway_url: str
) -> None:
    behaviour.replicas = ("172.18.0.11:8080",)
    deployment.drain("chat-2", "operator")

    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)

    assert failed(outcomes) == set()
    assert messages(outcomes).strip() == (
        "chat-2 is drained by op@desk (a noisy fan): it gets no requests"
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param("operator", "drained, and asked all the same:\n  chat-2", id="is asked"),
        pytest.param("apply", "chat-2 (left drained by an apply that died)", id="is left so"),
    ],
)
def test_a_drained_replica_fails_it_when_it(
    kind: str, words: str, run_checks: RunChecks, behaviour: Behaviour, deployment: Deployment
) -> None:
    if kind == "apply":
        behaviour.replicas = ("172.18.0.11:8080",)
    deployment.drain("chat-2", kind)

    with fake_gateway(behaviour) as port:
        outcomes = run_checks("check_gateway.py", gateway_url=f"http://127.0.0.1:{port}")

    assert failed(outcomes) == {REPLICAS}
    assert words in messages(outcomes)


@pytest.mark.parametrize("has_share", [True, False])
def test_a_pool_whose_candidate_has_drawn_the_client_needs_to_answer_nothing(
    run_checks: RunChecks,
    behaviour: Behaviour,
    deployment: Deployment,
    gateway_url: str,
    has_share: bool,
) -> None:
    behaviour.replicas = ("172.18.0.12:8080",)
    compose = deployment.root / "compose" / "lab" / "localhost" / "gpu_hosts" / "compose.yaml"
    compose.write_text(compose.read_text().replace("pool: chat", "pool: old", 1))
    folder = deployment.directory / "state" / "gateway" / "canaries"
    folder.mkdir(parents=True)
    if has_share:
        text = share_file(Share("old", "chat", 100, (100,)), "ana")
        (folder / "old.conf").write_text(text.replace(NOW, "17"))

    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)

    assert failed(outcomes) == (set() if has_share else {REPLICAS})
    told = "100 % of `old` go to `chat`" if has_share else "no model leads to:\n  chat-1"
    assert told in messages(outcomes)


def test_blank_text_is_an_answer_only_from_random_weights(
    run_checks: RunChecks, behaviour: Behaviour, deployment: Deployment, gateway_url: str
) -> None:
    behaviour.text = "\n\n"

    assert failed(run_checks("check_gateway.py", gateway_url=gateway_url)) == set()
    model = deployment.release.models[0]
    deployment.commit(models=(model.model_copy(update={"source": "https://models.example/m"}),))
    assert failed(run_checks("check_gateway.py", gateway_url=gateway_url)) == {CHAT}


def test_a_gateway_without_models_says_so_once_per_check(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.models = ()

    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)

    assert failed(outcomes) == {CHAT, STREAMS, UNKNOWN, REPLICAS}
    assert "/v1/models lists no model" in messages(outcomes)


def test_a_configuration_that_nginx_has_not_loaded_is_found(
    run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    deployment.docker.revision = "e" * 64

    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)

    assert failed(outcomes) == {"the gateway serves the committed revision"}
    expected = f"nginx has loaded {'e' * 12}, committed is {REVISION[:12]}"
    assert expected in messages(outcomes)


def test_a_gateway_that_does_not_listen_is_told_in_words(run_checks: RunChecks) -> None:
    outcomes = run_checks("check_gateway.py", gateway_url="http://127.0.0.1:1")

    assert "the gateway at http://127.0.0.1:1 does not answer" in messages(outcomes)
    assert "Traceback" not in messages(outcomes)


@pytest.mark.parametrize("fault", ["missing", "open to all"])
def test_a_key_that_cannot_be_used_is_named_and_never_shown(
    fault: str, run_checks: RunChecks, deployment: Deployment, gateway_url: str
) -> None:
    file = deployment.root / ".homeport" / "lab.key"
    if fault == "missing":
        file.unlink()
    else:
        file.chmod(0o644)

    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)

    assert "file:.homeport/lab.key" in messages(outcomes)
    assert KEY not in messages(outcomes)
