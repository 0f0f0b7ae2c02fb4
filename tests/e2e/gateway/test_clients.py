"""A real nginx as its clients meet it: keys, names, paths, bodies, headers, the log."""

import json

import pytest

from tests.e2e.gateway_lab import CHAT, Lab, docker, said
from tests.e2e.gateway_tree import KEY
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def test_a_valid_key_gets_an_answer_with_its_origin(lab: Lab) -> None:
    answer = lab.chat()
    assert answer.json()["served_by"] in ("chat-1", "chat-2")
    assert answer.headers["x-homeport-pool"] == "chat"
    assert answer.headers["x-homeport-replica"].endswith(":8080")
    assert len(answer.headers["x-request-id"]) == 32


def test_the_scheme_of_the_key_may_be_written_in_any_case(lab: Lab) -> None:
    assert lab.chat(headers={"authorization": f"bearer {KEY}"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "no_key"),
        ({"Authorization": ""}, "no_key"),
        ({"Authorization": "Bearer wrong"}, "wrong_key"),
        ({"Authorization": f"Bearer {KEY}x"}, "wrong_key"),
        ({"Authorization": f"Bearer {KEY} {KEY}"}, "wrong_key"),
        ({"Authorization": "Bearer"}, "wrong_key"),
        ({"Authorization": KEY}, "wrong_key"),
        ({"Authorization": f"Basic {KEY}"}, "wrong_key"),
        ({"Authorization": "Bearer " + "x" * 4000}, "wrong_key"),
        ({"Authorization": b"Bearer \xff\xfe"}, "wrong_key"),
        ({"X-API-Key": KEY}, "no_key"),
    ],
)
def test_nobody_enters_without_a_valid_key(
    lab: Lab, headers: dict[str, str | bytes], code: str
) -> None:
    answer = lab.chat(headers=headers)
    assert said(answer) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert lab.seen() == []


def test_the_digest_of_a_key_is_no_key(lab: Lab) -> None:
    secret = (lab.folder / "secrets" / "clients.map").read_text().split('"')[1]
    assert lab.chat(headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize(
    "model", ["nope", "CHAT", "chat\n", "default", "Org/Other-1x5", "é", "$pool"]
)
def test_an_unknown_model_is_refused_with_the_known_ones(lab: Lab, model: str) -> None:
    answer = lab.chat({"model": model})
    assert said(answer) == (404, "model_not_found")
    assert "Org/Other-1.5, chat" in answer.json()["error"]["message"]
    assert lab.seen() == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/metrics",
        "/slots",
        "/props",
        "/docs",
        "/health",
        "/tokenize",
        "/v1",
        "/v1/",
        "/v1/embeddings",
        "/v1/chat/completions/",
        "/v1/chat/completions%0a",
        "/v1/chat/completions%00",
        "//v1/chat/completions",
        "/v1/models/chat",
        "/v1/load_lora_adapter",
        "/models/apply",
        "/status",
        "/revision",
        "/_error/no_key",
        "/nginx.conf",
    ],
)
def test_other_paths_are_not_served(lab: Lab, path: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = plain_http.post(lab.url + path, headers=headers, json={"model": "chat"}, timeout=15)
    assert answer.status_code in (400, 404)
    assert said(answer)[1] in ("path_not_found", "bad_request")
    assert lab.seen() == []


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/models"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "GET", "POST"])
def test_another_method_is_refused_with_the_right_one(lab: Lab, path: str, method: str) -> None:
    right = "GET" if path == "/v1/models" else "POST"
    if method == right:
        return
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = plain_http.request(method, lab.url + path, headers=headers, timeout=15)
    assert said(answer) == (405, "wrong_method")
    if method != "TRACE":
        assert answer.headers["allow"] == right


def test_models_and_health_are_the_gateways_own(lab: Lab) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    models = plain_http.get(f"{lab.url}/v1/models", headers=headers, timeout=15).json()
    assert [model["id"] for model in models["data"]] == ["Org/Other-1.5", "chat"]
    assert plain_http.get(f"{lab.url}/v1/models", timeout=15).status_code == 401
    assert plain_http.get(f"{lab.url}/healthz", timeout=15).json() == {"status": "ok"}
    assert lab.seen() == []


def test_engines_see_only_the_listed_headers_and_no_query_string(lab: Lab) -> None:
    sent = {"Authorization": f"Bearer {KEY}", "Cookie": "a=b", "X-Secret": "s", "User-Agent": "me"}
    body = {"model": "chat"}
    answer = plain_http.post(f"{lab.url}{CHAT}?key=q", headers=sent, json=body, timeout=15)
    record = lab.seen()[0]
    headers = {name.lower(): value for name, value in record["headers"]}
    assert headers == {
        "host": "engine",
        "content-type": "application/json",
        "content-length": str(record["bytes"]),
        "accept": "*/*",
        "x-request-id": answer.headers["x-request-id"],
        "connection": "close",
    }
    assert record["path"] == CHAT


def test_an_engine_cannot_steer_the_gateway_or_the_client(lab: Lab) -> None:
    lab.engines("steers")
    answer = lab.chat()
    assert answer.json()["served_by"]
    assert not {"set-cookie", "x-accel-redirect", "keep-alive"} & answer.headers.keys()
    assert answer.headers["x-homeport-pool"] == "chat"
    assert len(answer.headers.get_list("x-request-id")) == 1


def test_the_log_says_who_and_where_and_never_what(lab: Lab) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"model": "chat", "messages": [{"content": "a secret prompt"}]}
    url = f"{lab.url}{CHAT}?token=query-secret"
    answer = plain_http.post(url, headers=headers, json=body, timeout=15)
    line = lab.logged(answer.headers["x-request-id"])
    assert line["client"] == "demo"
    assert (line["method"], line["path"], line["status"]) == ("POST", CHAT, 200)
    assert (line["pool"], line["upstream_status"]) == ("chat", "200")
    assert line["replica"] == line["upstream"] == answer.headers["x-homeport-replica"]
    for field in ("connect_seconds", "first_byte_seconds", "upstream_seconds", "seconds"):
        assert 0 <= float(line[field]) < 5
    text = json.dumps(lab.log())
    assert not [word for word in ("secret", KEY, answer.text) if word in text]


def test_the_log_of_a_refused_request_has_its_own_method_and_path(lab: Lab) -> None:
    answer = lab.chat({"model": "nope"})
    line = lab.logged(answer.headers["x-request-id"])
    assert (line["method"], line["path"], line["status"]) == ("POST", CHAT, 404)
    assert (line["client"], line["upstream"]) == ("demo", "")


def test_no_worker_died(lab: Lab) -> None:
    assert "exited on signal" not in docker("logs", lab.container("nginx"))
