"""What a pool says of images fits its model and its other words, or is refused."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from deploys.catalogue.model import Model
from deploys.catalogue.vision import ANY_SIZE_TOKENS, MERGED_PATCHES
from deploys.settings.gateway import Gateway
from deploys.settings.image_consistency import image_complaints
from deploys.settings.image_limits import ImageLimits
from deploys.settings.njs_consistency import _needing
from deploys.settings.pool import Pool
from tests.environments import POOL
from tests.render.plans import MODEL, SEEING

FILE = "inventories/group_data/small.py"


def _found(words: Mapping[str, object], model: Model = SEEING) -> list[tuple[str, str, str]]:
    pool = Pool.model_validate({**POOL, "engine": "auto", **words})
    complaints = image_complaints(FILE, "chat", pool, [("seeing", model)])
    return [(one.path, one.found, one.hint) for one in complaints]


@pytest.mark.parametrize(
    "words",
    [
        {"per_request": 0},
        {"per_request": 1000},
        {"megapixels": 0},
        {"megapixels": 0.5},
        {"domains": ["http://images.example"]},
        {"domains": ["Images.example"]},
        {"domain": ["images.example"]},
    ],
)
def test_a_limit_that_is_none_is_refused(words: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImageLimits.model_validate(words)


def test_limits_of_a_model_that_sees_nothing_are_refused() -> None:
    ((path, found, _),) = _found({"image_limits": {}}, MODEL)
    assert (path, found) == ("pools.chat.image_limits", "`seeing` sees nothing")
    assert _found({}, MODEL) == []


def test_more_images_than_the_context_holds_are_refused_with_how_many_it_does() -> None:
    words = {"context_tokens": 64, "image_limits": {"per_request": 5}}
    ((path, found, hint),) = _found(words)
    assert path == "pools.chat.image_limits.per_request"
    assert found == "5 images of up to 16 tokens, and context_tokens is 64"
    assert hint == "4, or a longer context"
    assert _found({"context_tokens": 80, "image_limits": {"per_request": 5}}) == []


def test_a_tower_of_any_size_is_counted_by_what_the_engine_makes_room_for() -> None:
    assert SEEING.architecture is not None
    assert SEEING.architecture.vision is not None
    patches = ANY_SIZE_TOKENS * MERGED_PATCHES
    tower = SEEING.architecture.vision.model_copy(update={"patches": patches})
    shape = SEEING.architecture.model_copy(update={"vision": tower})
    model = SEEING.model_copy(update={"architecture": shape})
    words = {"context_tokens": 4096, "image_limits": {"per_request": 2}}
    ((_, found, hint),) = _found(words, model)
    assert found.startswith(f"2 images of up to {ANY_SIZE_TOKENS} tokens")
    assert hint.startswith("1, ")


def test_vllms_own_words_and_the_gateways_have_to_agree() -> None:
    media = {"image": 2, "domains": ["images.example"]}
    words = {"engine": "vllm", "vllm": {"media": media}}
    ((path, found, _),) = _found({**words, "image_limits": {"per_request": 3}})
    assert path == "pools.chat.image_limits"
    assert found == "differs from vllm.media: 2 images, 1 domains"
    same = {"per_request": 2, "domains": ["images.example"]}
    assert _found({**words, "image_limits": same}) == []


def test_a_gateway_that_reads_no_body_cannot_hold_them() -> None:
    pools = {"chat": Pool.model_validate({**POOL, "image_limits": {}})}
    found = dict(_needing(pools, {}, Gateway(njs=False), None))
    assert "images stand in the body" in found["pools.chat.image_limits"]
