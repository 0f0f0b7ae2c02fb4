"""Which pools' images the gateway judges, and by which numbers."""

from dataclasses import replace

import pytest

from deploys.catalogue.vision import ANY_SIZE_TOKENS, MERGED_PATCHES
from deploys.plan.arguments import Arguments
from deploys.plan.plan import Pool
from deploys.render.engines.llamacpp import arguments
from deploys.render.nginx_images import image_limits, image_pages, image_values
from deploys.settings.gateway import Gateway
from deploys.settings.image_limits import ImageLimits
from deploys.settings.vllm import Vllm
from tests.render.gateway_files import gateway_files
from tests.render.gpu_plans import VLLM
from tests.render.plans import ARGUMENTS, HOST, SEEING, small_plan, small_pool


def _with(pool: Pool, arguments: Arguments) -> Pool:
    return replace(pool, replicas=(replace(pool.replicas[0], arguments=arguments),))


def test_a_pool_that_sees_nothing_is_not_judged() -> None:
    assert image_limits(small_pool("chat")) is None
    files = gateway_files(small_plan(small_pool("chat"), small_pool("sight", model=SEEING)))
    assert '"sight" "4|16000000||";' in files["images.conf"]
    assert '"chat"' not in files["images.conf"]
    assert "images.conf" not in gateway_files(small_plan())


@pytest.mark.parametrize(("context", "slots", "fits"), [(1024, 2, 4), (64, 2, 2), (16, 2, 1)])
def test_left_out_as_many_are_let_through_as_a_slot_holds(
    context: int, slots: int, fits: int
) -> None:
    arguments = replace(ARGUMENTS, context_tokens=context, slots=slots)
    limits = image_limits(_with(small_pool("sight", model=SEEING), arguments))
    assert limits == ImageLimits(per_request=fits)


def test_a_pools_own_words_come_first_then_vllms() -> None:
    own = {"per_request": 7, "megapixels": 2, "domains": ("images.example",)}
    plan = small_plan(small_pool("sight", model=SEEING, image_limits=own))
    assert '"sight" "7|2000000|images.example|";' in gateway_files(plan)["images.conf"]
    media = Vllm.model_validate({"media": {"image": 3, "domains": ["a.example", "b.example"]}})
    pool = _with(small_pool("sight", model=SEEING), replace(VLLM, own=media))
    assert image_limits(pool) == ImageLimits(per_request=3, domains=("a.example", "b.example"))
    assert image_limits(_with(pool, VLLM)) == ImageLimits()


def test_what_vllm_takes_beside_images_is_left_to_it() -> None:
    media = Vllm.model_validate({"media": {"image": 3, "video": 1}})
    pool = _with(small_pool("sight", model=SEEING), replace(VLLM, own=media))
    plan = small_plan(pool)
    values = image_values(plan, Gateway())
    assert values["sees"] == [
        {"pool": "sight", "per_request": 3, "megapixels": 16, "limits": "3|16000000||video"}
    ]


def test_a_gateway_without_njs_judges_none_and_says_nothing_of_it() -> None:
    plan = small_plan(small_pool("sight", model=SEEING), gateway={"njs": False})
    gateway = plan.host(HOST).gateway
    assert gateway == Gateway(njs=False)
    values = image_values(plan, gateway)
    assert (values, image_pages(values)) == ({"sees": []}, [])
    assert "images.js" not in gateway_files(plan)


def test_images_of_any_size_are_scaled_to_what_was_planned() -> None:
    assert SEEING.architecture is not None
    assert SEEING.architecture.vision is not None
    patches = ANY_SIZE_TOKENS * MERGED_PATCHES
    tower = SEEING.architecture.vision.model_copy(update={"patches": patches})
    shape = SEEING.architecture.model_copy(update={"vision": tower})
    any_size = small_pool("sight", model=SEEING.model_copy(update={"architecture": shape}))
    flags = [one.words for one in arguments(any_size, any_size.replicas[0])]
    assert ("--mmproj", "/models/mmproj.gguf") in flags
    assert ("--image-max-tokens", str(ANY_SIZE_TOKENS)) in flags
    one_size = small_pool("sight", model=SEEING)
    flags = [one.words for one in arguments(one_size, one_size.replicas[0])]
    assert ("--mmproj", "/models/mmproj.gguf") in flags
    assert "--image-max-tokens" not in {words[0] for words in flags}
