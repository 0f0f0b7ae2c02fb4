"""A pool that names one of llama-server's own chat templates, on the demo's engines."""

import json

import pytest

from tests.e2e.checkout import Checkout, chat, containers, docker, gateway

pytestmark = [pytest.mark.docker, pytest.mark.root]

SETTINGS = "inventories/group_data/local.py"
ENGINE = '"engine": "llamacpp",'
ASKED = json.dumps({"messages": [{"role": "user", "content": "Hi"}]})


def test_the_engine_puts_messages_into_the_template_that_is_named(changed: Checkout) -> None:
    # After most templates the demo's random weights end at once, and an apply refuses that.
    changed.edit(SETTINGS, ENGINE, f'{ENGINE} "chat_template": "phi3",')
    for command in ("render local", "apply local --no-verify"):
        changed.homeport(command)
    asks = ("curl", "--silent", "--data", ASKED, "http://127.0.0.1:8080/apply-template")
    told = json.loads(docker("exec", containers()["chat-1"], *asks))
    assert told == {"prompt": "<|user|>\nHi<|end|>\n<|assistant|>\n"}
    with gateway(changed) as client:
        assert chat(client).status_code == 200


def test_a_name_that_the_engine_does_not_know_is_refused_before_anything_is_rendered(
    changed: Checkout,
) -> None:
    changed.edit(SETTINGS, ENGINE, f'{ENGINE} "chat_template": "vicunna",')
    said = changed.homeport("render local", expect=7)
    assert "pools.chat.chat_template" in said
    assert "vicuna" in said.partition("hint:")[2]
