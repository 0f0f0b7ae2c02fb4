"""The tag of an image is the content of what it is built from."""

import re
from pathlib import Path

import pytest

from deploys.render.engines.localai import BACKENDS
from deploys.render.engines.localai_model import BACKEND
from deploys.render.image_tags import (
    OFFICIAL,
    build_context,
    built_reference,
    image_name,
    used_images,
)
from deploys.settings.engine_versions import PINNED
from tests.render.plans import small_plan

IMAGES = Path(__file__).parents[2] / "deploys" / "images"


@pytest.fixture
def contexts(tmp_path: Path) -> Path:
    for name in ("debian", "nginx", "llamacpp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(f"FROM {name}\n")
    return tmp_path


def test_a_reference_is_the_kits_name_and_twelve_hex_digits() -> None:
    assert re.fullmatch(r"homeport/nginx:[0-9a-f]{12}", built_reference("nginx", IMAGES))


def test_the_same_content_gives_the_same_reference(contexts: Path) -> None:
    assert built_reference("nginx", contexts) == built_reference("nginx", contexts)


@pytest.mark.parametrize(
    "path", ["nginx/Dockerfile", "debian/Dockerfile", "nginx/new", "debian/a/b"]
)
def test_a_change_in_the_context_or_in_the_base_changes_the_tag(contexts: Path, path: str) -> None:
    before = built_reference("nginx", contexts)
    (contexts / path).parent.mkdir(exist_ok=True)
    (contexts / path).write_text("changed")
    assert built_reference("nginx", contexts) != before


def test_a_file_that_is_renamed_changes_the_tag(contexts: Path) -> None:
    before = built_reference("nginx", contexts)
    (contexts / "nginx" / "Dockerfile").rename(contexts / "nginx" / "Containerfile")
    assert built_reference("nginx", contexts) != before


def test_another_images_context_does_not_change_the_tag(contexts: Path) -> None:
    before = built_reference("nginx", contexts)
    (contexts / "llamacpp" / "Dockerfile").write_text("changed")
    assert built_reference("nginx", contexts) == before


def test_a_name_without_a_folder_is_refused(contexts: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder to build an image from"):
        built_reference("unknown", contexts)


def test_engines_on_gpus_run_official_images_at_the_pinned_versions() -> None:
    assert OFFICIAL["vllm"] == "docker.io/vllm/vllm-openai:v0.33.0"
    assert OFFICIAL["llamacpp_cuda"] == "ghcr.io/ggml-org/llama.cpp:server-cuda-b11669"


def test_images_that_nobody_runs_are_not_asked_for() -> None:
    assert used_images(small_plan()) == ["llamacpp", "nginx"]


def test_an_engine_in_ram_needs_no_image_for_cuda() -> None:
    assert image_name("llamacpp", on_gpus=False) == "llamacpp"
    assert image_name("llamacpp", on_gpus=True) == "llamacpp_cuda"
    assert image_name("vllm", on_gpus=True) == "vllm"
    assert image_name("localai", on_gpus=False) == "localai"
    assert image_name("localai", on_gpus=True) == "localai_cuda"


@pytest.mark.parametrize("name", ["localai", "localai_cuda"])
def test_the_images_of_localai_hold_its_pinned_version_and_a_backend(name: str) -> None:
    text = (IMAGES / name / "Dockerfile").read_text()
    assert f"ARG VERSION=v{PINNED['localai']}\n" in text
    assert f"COPY --from=backend / {BACKENDS}/{BACKEND}/\n" in text
    assert built_reference(name, IMAGES).startswith(f"homeport/{name}:")


def test_only_the_kits_own_images_are_built_and_from_the_folder_that_they_name() -> None:
    assert build_context("homeport/llamacpp:419a53154394") == "llamacpp"
    assert build_context("docker.io/vllm/vllm-openai:v0.33.0") is None
