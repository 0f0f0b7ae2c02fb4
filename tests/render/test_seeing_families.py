"""Four families that see get a pool on each engine: planned with the tower, and limited."""

from functools import cache
from pathlib import Path

import pytest

from deploys.catalogue.config_vision import vision_of
from deploys.catalogue.model import Model, ModelFile
from deploys.catalogue.models_yaml import read_models
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Pool
from deploys.render.engines import llamacpp, localai, localai_model, vllm
from deploys.render.nginx_images import image_limits
from tests.catalogue.published_models import fixture, from_config
from tests.plan.search.fleets import chat, environment, gguf, host

MODELS = read_models(Path(__file__).resolve().parents[2] / "inventories" / "models.yaml")
CONTEXT = 8192
ENTRIES = ("llava-v1.6-mistral-7b-q4-k-m", "internvl3-8b-q4-k-m", "qwen3-vl-8b-q4-k-m")
GLM = "glm-4.1v-9b"
# config.json -> its tower in 16 bits: as the projectors of the entries above have them, and as
# LM Studio lists mmproj-GLM-4.6V-Flash-F16.gguf, whose tower is the same.
TOWERS = {
    "llava-v1.6-mistral-7b": 624_429_056,
    "internvl3-8b": 665_976_832,
    GLM: 1_786_959_488,
}


@cache
def published(name: str) -> Model:
    """As `models add` makes one of that config.json, in 4 bits and with the tower beside it."""
    shape = from_config(name)
    assert shape is not None
    tower = vision_of(fixture(name)["config"], TOWERS[name])
    assert tower is not None
    projector = ModelFile(name="mmproj.gguf", size_bytes=TOWERS[name], sha256="1" * 64)
    shape = shape.model_copy(update={"vision": tower})
    return gguf(name, "Q4_K_M", shape).model_copy(update={"projector": projector})


def seeing(model: Model, engine: str, **words: object) -> Pool:
    """The one pool of a host with one GPU of 48 GB."""
    pools = {"sight": chat("sees", CONTEXT, slots=2, engine=engine, replicas=1, **words)}
    asked = environment([host("a", "L40S")], pools, {"sees": model})
    (pool,) = plan_environment(asked, {}).pools
    return pool


def planned_mib(pool: Pool) -> float:
    """Of its one replica, with all its parts."""
    (replica,) = pool.replicas
    return sum(replica.memory_mib.values())


@pytest.mark.parametrize("name", [*ENTRIES, GLM])
@pytest.mark.parametrize("engine", ["llamacpp", "localai"])
def test_a_family_is_served_with_its_projector_in_the_plan(name: str, engine: str) -> None:
    model = MODELS[name] if name in MODELS else published(name)
    assert model.projector is not None
    pool = seeing(model, engine)
    blind = model.shape.model_copy(update={"vision": None})
    words = {"projector": None, "architecture": blind}
    without = seeing(model.model_copy(update=words), engine)
    assert planned_mib(pool) - planned_mib(without) > model.projector.size_bytes / 2**20
    if engine == "llamacpp":
        flags = [one.words for one in llamacpp.arguments(pool, pool.replicas[0])]
        assert ("--mmproj", f"/models/{model.projector.name}") in flags
    else:
        files = localai.service(pool, pool.replicas[0]).files
        document = localai_model.document(files["model.yaml"])
        assert document["mmproj"] == f"weights/{model.projector.name}"


@pytest.mark.parametrize("name", ["qwen3-vl-8b", *TOWERS])
def test_a_family_on_vllm_takes_as_many_images_as_the_pool_says(name: str) -> None:
    limits = {"per_request": 2, "megapixels": 4}
    model = MODELS[name] if name in MODELS else _checkpoint(name)
    pool = seeing(model, "vllm", image_limits=limits, vllm={"media": {"image": 2}})
    flags = [one.words for one in vllm.arguments(pool, pool.replicas[0])]
    assert ("--limit-mm-per-prompt", '{"image":2,"video":0,"audio":0}') in flags


@pytest.mark.parametrize(
    ("name", "engine", "images"),
    [
        # 8192 tokens of context by 3328, 2880, 2928 and 2116 of an image (test_vision_tiles.py).
        ("internvl3-8b-q4-k-m", "llamacpp", 2),
        ("internvl3-8b-q4-k-m", "localai", 2),
        ("internvl3-8b", "vllm", 2),
        ("llava-v1.6-mistral-7b-q4-k-m", "llamacpp", 2),
        ("llava-v1.6-mistral-7b", "vllm", 2),
        ("qwen3-vl-8b-q4-k-m", "llamacpp", 3),
    ],
)
def test_unasked_a_gateway_lets_through_what_a_context_holds(
    name: str, engine: str, images: int
) -> None:
    model = MODELS[name] if name in MODELS else _checkpoint(name)
    limits = image_limits(seeing(model, engine))
    assert limits is not None
    assert limits.per_request == images


def _checkpoint(name: str) -> Model:
    """The same as safetensors, with no heavier weights than GGUF's."""
    plain = published(name)
    file = plain.files[0].model_copy(update={"name": "model.safetensors"})
    words = {"format": "safetensors", "files": (file,), "projector": None, "quantization": "bf16"}
    return plain.model_copy(update=words)
