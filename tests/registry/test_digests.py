"""What a registry is asked, and which of its answers are believed; the registry is played here."""

import base64
import functools
import hashlib
from collections.abc import Callable

import httpx
import pytest

from deploys.registry.digests import Asking, Login, NoAnswer, digest_of
from deploys.settings.refusal import Refused
from deploys.settings.secrets import Secret

MANIFEST = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
BASIC = "Basic " + base64.b64encode(b"kit:s3cret").decode()
LOGIN = Asking(logins={"registry.example": Login("kit", Secret("s3cret"))})

Answers = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], list[httpx.Request]]:
    """Has a function answer for every registry; what it was asked."""

    def started(answer: Answers) -> list[httpx.Request]:
        asked: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return answer(request)

        transport = httpx.MockTransport(handle)
        client = functools.partial(httpx.Client, transport=transport)
        monkeypatch.setattr("deploys.registry.digests.httpx.Client", client)
        return asked

    return started


Play = Callable[[Answers], list[httpx.Request]]


def test_the_digest_is_that_of_the_bytes_and_nothing_else_is_asked(play: Play) -> None:
    asked = play(lambda _: httpx.Response(200, content=MANIFEST))
    assert digest_of("nginx:1.30", Asking()) == DIGEST
    assert [str(one.url) for one in asked] == [
        "https://registry-1.docker.io/v2/library/nginx/manifests/1.30"
    ]
    assert "image.index" in asked[0].headers["Accept"]


def test_a_port_is_no_tag(play: Play) -> None:
    asked = play(lambda _: httpx.Response(200, content=MANIFEST))
    digest_of("registry.example:5000/site/app", Asking())
    assert asked[0].url.path == "/v2/site/app/manifests/latest"
    assert asked[0].url.port == 5000


def _bearer(realm: str) -> Answers:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"token": "granted"})
        if request.headers.get("Authorization") == "Bearer granted":
            return httpx.Response(200, content=MANIFEST)
        challenge = f'Bearer realm="{realm}",service="reg",scope="repository:site/app:pull"'
        return httpx.Response(401, headers={"WWW-Authenticate": challenge})

    return answer


def test_a_bearer_challenge_is_answered_with_a_token_from_its_realm(play: Play) -> None:
    asked = play(_bearer("https://auth.example/token"))
    assert digest_of("registry.example/site/app:1", LOGIN) == DIGEST
    token = asked[1]
    assert token.headers["Authorization"] == BASIC
    assert dict(token.url.params) == {"service": "reg", "scope": "repository:site/app:pull"}


def test_a_public_image_needs_a_token_and_no_login(play: Play) -> None:
    asked = play(_bearer("https://auth.example/token"))
    assert digest_of("registry.example/site/app:1", Asking()) == DIGEST
    assert "Authorization" not in asked[1].headers


def test_no_password_goes_to_a_realm_that_anybody_on_the_way_could_read(play: Play) -> None:
    asked = play(_bearer("http://auth.example/token"))
    with pytest.raises(Refused, match="refuses this login"):
        digest_of("registry.example/site/app:1", LOGIN)
    assert len(asked) == 1


def test_a_login_goes_to_its_own_registry_alone(play: Play) -> None:
    challenge = {"WWW-Authenticate": 'Basic realm="x"'}
    asked = play(lambda _: httpx.Response(401, headers=challenge))
    with pytest.raises(Refused, match="wants a login"):
        digest_of("other.example/site/app:1", LOGIN)
    assert all("Authorization" not in one.headers for one in asked)


def test_a_digest_that_is_not_that_of_the_bytes_is_refused(play: Play) -> None:
    said = {"Docker-Content-Digest": f"sha256:{'0' * 64}"}
    play(lambda _: httpx.Response(200, content=MANIFEST, headers=said))
    with pytest.raises(Refused, match="the registry says sha256:0000"):
        digest_of("nginx:1.30", Asking())


def test_a_registry_in_trouble_is_no_answer(play: Play) -> None:
    play(lambda _: httpx.Response(503))
    with pytest.raises(NoAnswer, match=r"docker\.io says 503"):
        digest_of("nginx:1.30", Asking())
