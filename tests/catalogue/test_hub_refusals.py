"""A hub that does not let in, is not there, or answers as none does: each with the way on."""

from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.catalogue.fake_hub import FakeHub, Repository, fake_hub
from tests.catalogue.gguf_files import header_bytes
from tests.catalogue.hub_questions import asked, refusal
from tests.catalogue.safetensors_files import model_files
from tests.catalogue.test_gguf_weights import MIXED
from tests.catalogue.test_gguf_weights import TENSORS as PARTS

GGUF = header_bytes(MIXED, PARTS) + bytes(2**20)


def test_a_private_repository_opens_to_its_token_and_the_store_never_sees_it(
    tmp_path: Path,
) -> None:
    repository = Repository({"a.gguf": GGUF, **model_files()}, token="hf_secret")
    with fake_hub({"people/a": repository}) as hub:
        closed = refusal(hub, tmp_path, "people/a")
        wrong = refusal(hub, tmp_path, "people/a", token="hf_wrong")
        asked(hub, tmp_path, "people/a:a.gguf", token="hf_secret")
        asked(hub, tmp_path, "people/a", token="hf_secret")
        assert hub.store_saw == []
    assert "is not there, or not open to everybody" in closed
    assert "--token env:HF_TOKEN" in closed
    assert "what the token may read" in wrong
    assert "hf_" not in closed + wrong


def test_a_token_of_the_machine_is_not_shown_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    repository = Repository({"a.gguf": GGUF, **model_files()}, token="hf_secret")
    with fake_hub({"people/a": repository}) as hub:
        assert "not open to everybody" in refusal(hub, tmp_path, "people/a")


def test_offline_is_said_with_the_way_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with fake_hub({"people/a": Repository(model_files())}) as hub:
        said = refusal(hub, tmp_path, "people/a")
    assert "HF_HUB_OFFLINE is set" in said
    assert "bring the files here, then give their path" in said


def test_a_gated_repository_names_the_page_where_its_terms_are_accepted(tmp_path: Path) -> None:
    with fake_hub({"people/a": Repository(model_files(), gated=True)}) as hub:
        said = refusal(hub, tmp_path, "people/a")
        assert f"accept the owner's terms at {hub.url}/people/a" in said


def test_a_revision_that_is_gone_is_named(tmp_path: Path) -> None:
    with fake_hub({"people/a": Repository({"a.gguf": GGUF})}) as hub:
        assert "has no revision 'v9'" in refusal(hub, tmp_path, "people/a@v9")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"status": 500}, "the hub says 500"),
        ({"status": 429}, "the hub says 429"),
        ({"status": 403}, "the hub says 403: not allowed"),
        ({"nonsense": True}, "does not answer as a hub does"),
    ],
)
def test_a_hub_that_fails_is_named(tmp_path: Path, words: dict[str, int | bool], said: str) -> None:
    with fake_hub({}, **words) as hub:
        assert said in refusal(hub, tmp_path, "people/a")


def test_a_hub_that_is_not_there_leads_to_the_mirror_and_the_path(tmp_path: Path) -> None:
    with fake_hub({}) as hub:
        pass
    said = refusal(hub, tmp_path, "people/a")
    assert f"cannot be reached at {hub.url}" in said
    assert "--endpoint names a mirror" in said


def test_a_hub_without_ranges_is_refused_before_it_sends_the_weights(tmp_path: Path) -> None:
    content = header_bytes(MIXED, PARTS) + bytes(8 * 2**20)
    files = {"a.gguf": content, **model_files()}
    with fake_hub({"people/a": Repository(files)}, ranges=False) as hub:
        assert "no range requests" in refusal(hub, tmp_path, "people/a:a.gguf")
        assert "no range requests" in refusal(hub, tmp_path, "people/a")


def test_a_repository_without_a_model_is_refused(tmp_path: Path) -> None:
    with fake_hub({"people/a": Repository({"README.md": b"#"})}) as hub:
        assert "holds no GGUF file of a model" in refusal(hub, tmp_path, "people/a")


def test_a_repository_with_a_name_that_could_do_harm_is_refused(tmp_path: Path) -> None:
    files = {"$(reboot).gguf": header_bytes(MIXED, PARTS) + bytes(2**20)}
    with fake_hub({"people/a": Repository(files)}) as hub:
        assert "which is no name for a file here" in refusal(hub, tmp_path, "people/a")


def test_a_token_travels_to_no_other_machine_in_the_clear(tmp_path: Path) -> None:
    hub = FakeHub({}, url="http://hub.example")
    said = refusal(hub, tmp_path, "people/a", token="hf_secret")
    assert "would travel to http://hub.example readable" in said
    assert "hf_secret" not in said
