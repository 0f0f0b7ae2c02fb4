"""What images take of RAM, so that requests within the limits cannot end an engine."""

import pytest

from deploys.catalogue.architecture import VisionTower
from deploys.catalogue.model import ModelFile
from deploys.plan.images import decoded_mib, limits_of
from deploys.plan.placement import plan_environment
from deploys.settings.image_limits import ImageLimits
from tests.plan.search.fleets import catalogue, chat, environment, host

TOWER = VisionTower(weights_bytes=2**20, embedding_length=64, feed_forward_length=256, patches=500)
MODEL = "llama-3.1-8b-q8_0"


@pytest.mark.parametrize(("context", "fits"), [(4096, 4), (1024, 2), (256, 1)])
def test_left_out_as_many_images_are_taken_as_the_context_holds(context: int, fits: int) -> None:
    assert limits_of(None, TOWER, context) == ImageLimits(per_request=fits)
    own = ImageLimits(per_request=9)
    assert limits_of(own, TOWER, context) == own


def _process_mib(**words: object) -> int:
    plain = catalogue()[MODEL]
    shape = plain.shape.model_copy(update={"vision": TOWER})
    projector = ModelFile(name="mmproj.gguf", size_bytes=2**20, sha256="1" * 64)
    sees = plain.model_copy(update={"architecture": shape, "projector": projector, "base": "sees"})
    pools = {"chat": chat("sees", 4096, slots=2, waiting_requests=6, **words)}
    asked = environment([host("a", "RTX 4090")], pools, {"sees": sees})
    (pool,) = plan_environment(asked, {}).pools
    return pool.replicas[0].memory_mib["process"]


def test_every_request_that_may_come_is_planned_with_all_its_images_decoded() -> None:
    small = _process_mib(image_limits={"per_request": 1, "megapixels": 1})
    large = _process_mib(image_limits={"per_request": 2, "megapixels": 8})
    assert decoded_mib(ImageLimits(per_request=1, megapixels=1), 8) == pytest.approx(22.9, abs=0.1)
    assert large - small == pytest.approx(15 * 22.9, abs=2)
