"""Which version of an engine a plan is for: its memory rules and measurements depend on it."""

import re
from collections.abc import Iterable, Iterator, Mapping

from deploys.engine_facts.facts import versions
from deploys.settings.image import Image, ImageName
from deploys.settings.refusal import Complaint

# What the kit's own images and official defaults hold, and what flags and profiles were checked
# with: Debian's llama.cpp package, vLLM's release on PyPI and its registry, LocalAI's release.
PINNED = {"llamacpp": "b11669", "localai": "4.9.0", "vllm": "0.33.0"}
# Engines that tell their own facts; LocalAI's are read in its source.
TOLD = ("llamacpp", "vllm")
_IMAGES: Mapping[str, tuple[ImageName, ...]] = {
    "llamacpp": ("llamacpp_cuda", "llamacpp"),
    "localai": ("localai_cuda", "localai"),
    "vllm": ("vllm",),
}
# Channels of releases and of single commits.
_MOVING = re.compile(r"(latest|master|nightly)\b")
_SPELLINGS = {
    # ghcr.io/ggml-org/llama.cpp:server-cuda-b11669
    "llamacpp": re.compile(r"(?:^|[-_])(b\d{3,6})$"),
    # localai/localai:v4.9.0-gpu-nvidia-cuda-12
    "localai": re.compile(r"^v?(\d+\.\d+\.\d+)"),
    # vllm/vllm-openai:v0.33.0-cu129
    "vllm": re.compile(r"^v?(\d+\.\d+\.\d+)"),
}


def engine_versions(images: Mapping[ImageName, Image]) -> dict[str, str]:
    """Engine -> version, by the images that the settings name."""
    return {engine: _version(engine, images)[0] for engine in _IMAGES}


def _version(engine: str, images: Mapping[ImageName, Image]) -> tuple[str, ImageName]:
    """The first that is not the pinned one, and the image that says so."""
    names = _IMAGES[engine]
    references = ((name, images[name].reference or "") for name in names if name in images)
    said = ((engine_version(engine, reference), name) for name, reference in references)
    pinned = PINNED[engine], names[0]
    return next((one for one in said if one[0] != pinned[0]), pinned)


def unknown_versions(
    file: str, engines: Iterable[str], images: Mapping[ImageName, Image]
) -> Iterator[Complaint]:
    """About each of `engines` whose image is of a version without facts, or of none that lasts."""
    for engine in sorted(set(engines)):
        yield from _moving(file, engine, images)
        known = versions(engine)
        version, image = _version(engine, images)
        if version not in known:
            found = f"{engine} {version} is not known: its flags cannot be checked"
            hint = ", ".join(known)
            if engine in TOLD:
                hint += f"; or `homeport engines facts {engine} --image …` adds one"
            yield Complaint(file, f"images.{image}.reference", found, hint)


def _moving(file: str, engine: str, images: Mapping[ImageName, Image]) -> Iterator[Complaint]:
    """Tags that hold another version with each release; beside a digest they are only words."""
    for name in _IMAGES[engine]:
        reference = images[name].reference if name in images else None
        if reference and "@" not in reference and _MOVING.match(_tag(reference)):
            found = f"the tag `{_tag(reference)}` moves: it is no version of {engine}"
            hint = "a tag that says its version, or a digest behind it"
            yield Complaint(file, f"images.{name}.reference", found, hint)


def _tag(reference: str) -> str:
    name, _, _ = reference.partition("@")
    return name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else ""


def engine_version(engine: str, reference: str) -> str:
    """`b11669`, `0.33.0`: from the image's tag, or the pinned one where the tag does not say."""
    found = _SPELLINGS[engine].search(_tag(reference))
    return found[1] if found else PINNED[engine]
