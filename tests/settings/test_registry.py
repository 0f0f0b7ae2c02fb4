"""Names of images in a site's own registry, and the lock of their digests."""

from pathlib import Path

import pytest

from deploys.settings.hub import Hub
from deploys.settings.image_lock import lock_path, lock_text, read_lock, with_digest
from deploys.settings.refusal import Refused
from deploys.settings.registry import Registry, mirrored

SITE = Registry(prefix="registry.example:5000/mirror")
DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("nginx:1.30", "registry.example:5000/mirror/library/nginx:1.30"),
        ("docker.io/library/nginx:1.30", "registry.example:5000/mirror/library/nginx:1.30"),
        ("vllm/vllm-openai:v1", "registry.example:5000/mirror/vllm/vllm-openai:v1"),
        ("ghcr.io/ggml-org/x:server", "registry.example:5000/mirror/ggml-org/x:server"),
        ("other.example/site/app:1", "other.example/site/app:1"),
        ("localhost/app:1", "localhost/app:1"),
    ],
)  # fmt: skip
def test_official_images_are_taken_from_the_sites_own_registry(reference: str, name: str) -> None:
    assert mirrored(reference, SITE) == name
    assert mirrored(reference, None) == reference


def test_a_login_is_user_and_password_or_neither() -> None:
    with pytest.raises(ValueError, match="user and password together"):
        Registry(prefix="registry.example", user="kit")


def test_a_token_is_not_sent_without_tls() -> None:
    with pytest.raises(ValueError, match="an https:// endpoint"):
        Hub(endpoint="http://mirror.example", token="env:TOKEN")


@pytest.mark.parametrize(
    ("reference", "locked"),
    [
        ("registry.example:5000/site/app:1", f"registry.example:5000/site/app@{DIGEST}"),
        ("registry.example:5000/site/app", f"registry.example:5000/site/app@{DIGEST}"),
        ("nginx:1.30", f"nginx@{DIGEST}"),
    ],
)
def test_a_digest_takes_the_place_of_the_tag(reference: str, locked: str) -> None:
    assert with_digest(reference, DIGEST) == locked
    assert with_digest(reference, "") == reference


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_lock(tmp_path, "small") is None
    path = tmp_path / lock_path("small")
    path.parent.mkdir(parents=True)
    path.write_text(lock_text("small", {"b:1": DIGEST, "a:1": DIGEST}))
    assert read_lock(tmp_path, "small") == {"a:1": DIGEST, "b:1": DIGEST}


@pytest.mark.parametrize("text", ["images: {nginx: latest}", "{", "2026-02-30", "[]", "other: {}"])
def test_a_lock_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / lock_path("small")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(Refused, match=r"inventories/images/small.yaml"):
        read_lock(tmp_path, "small")
