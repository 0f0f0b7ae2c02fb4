"""Which version of an engine an image holds."""

import pytest

from deploys.settings.engine_versions import engine_version, unknown_versions
from deploys.settings.image import Image, ImageName


@pytest.mark.parametrize(
    ("engine", "reference", "version"),
    [
        ("llamacpp", "homeport/llamacpp:419a53154394", "b11669"),
        ("llamacpp", "ghcr.io/ggml-org/llama.cpp:server-cuda-b12001", "b12001"),
        ("vllm", "vllm/vllm-openai:v0.32.1-cu129", "0.32.1"),
        ("vllm", "registry:5000/vllm/vllm-openai@sha256:" + "0" * 64, "0.33.0"),
        ("vllm", "registry.example:5000/vllm", "0.33.0"),
        ("localai", "localai/localai:v4.8.1-gpu-nvidia-cuda-12", "4.8.1"),
        ("localai", "homeport/localai_cuda:419a53154394", "4.9.0"),
    ],
)
def test_a_version_is_read_from_the_images_tag(engine: str, reference: str, version: str) -> None:
    assert engine_version(engine, reference) == version


@pytest.mark.parametrize(
    ("engine", "image", "reference"),
    [
        ("localai", "localai_cuda", "localai/localai:latest-gpu-nvidia-cuda-12"),
        ("localai", "localai", "quay.io/go-skynet/local-ai:master"),
        ("vllm", "vllm", "vllm/vllm-openai:latest"),
        ("vllm", "vllm", "registry.example:5000/vllm:nightly"),
    ],
)
def test_a_tag_that_moves_is_refused_unless_a_digest_says_what_it_is(
    engine: str, image: ImageName, reference: str
) -> None:
    def complaints(words: str) -> list[tuple[str, str]]:
        found = unknown_versions("file", [engine], {image: Image(reference=words)})
        return [(one.path, one.found) for one in found]

    ((path, found),) = complaints(reference)
    assert path == f"images.{image}.reference"
    assert "moves" in found
    assert complaints(f"{reference}@sha256:{'0' * 64}") == []
    assert complaints("registry.example/own:latestly") == []
