"""The real vLLM sees: a tiny LLaVA, deployed over SSH, through the gateway."""

from typing import Any

import pytest

from tests.catalogue.tiny_images import bomb, data_url, png, seeing
from tests.lab.served import NAME, Served
from tests.lab.vllm_fleet import SEEING, commit
from tests.lab.vllm_seer import TOKENS
from tests.real_vllm.asking import ask

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]

DARK, BRIGHT = (data_url(png(64, 48, level)) for level in (0, 255))
# vLLM writes an image's place on a line of its own.
PLACE_TOKENS = TOKENS + 1


@pytest.fixture(scope="module")
def sees(on_vllm: Served) -> Served:
    """The fleet with this pool alone; the last file here, so that nothing is put back."""
    commit(on_vllm, pools={"sight": SEEING})
    on_vllm.apply()
    return on_vllm


def _seen(served: Served, *urls: str) -> tuple[int, str]:
    """Tokens of the prompt, and what is said to images by their URLs."""
    answer = ask(served, "/v1/chat/completions", _asked(*urls))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["usage"]["prompt_tokens"], found["choices"][0]["message"]["content"]


def _asked(*urls: str) -> dict[str, Any]:
    return {**seeing(*urls, model="sight"), "temperature": 0}


def test_an_image_is_answered_and_takes_its_tokens_of_the_prompt(sees: Served) -> None:
    blind, _ = _seen(sees)
    dark, says = _seen(sees, DARK)
    bright, says_else = _seen(sees, BRIGHT)
    assert (dark - blind, bright - blind) == (PLACE_TOKENS, PLACE_TOKENS)
    assert says != says_else
    assert _seen(sees, DARK) == (dark, says)
    assert _seen(sees, DARK, BRIGHT)[0] - blind == 2 * PLACE_TOKENS


@pytest.mark.parametrize(
    ("urls", "refused"),
    [
        ((DARK, DARK, DARK), (413, "too_many_images")),
        ((data_url(bomb(1001, 1000)),), (413, "image_too_large")),
        (("http://127.0.0.1:8080/health",), (400, "image_by_url")),
    ],
)
def test_what_is_beyond_the_limits_never_reaches_it(
    sees: Served, urls: tuple[str, ...], refused: tuple[int, str]
) -> None:
    answer = ask(sees, "/v1/chat/completions", _asked(*urls))
    assert (answer.status_code, answer.json()["error"]["code"]) == refused


def test_what_is_no_image_is_refused_in_its_own_words(sees: Served) -> None:
    answer = ask(sees, "/v1/chat/completions", _asked("data:image/png;base64,AAAA"))
    assert answer.status_code == 400, answer.text
    assert "image" in answer.json()["error"]["message"]


def test_the_checks_see_it_too(sees: Served) -> None:
    done = sees.checkout.run(
        f".venv/bin/pytest checks/check_abilities.py -k pictures --environment={NAME} -q",
        expect=None,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
