"""Random cases of both engines, in every version that has a profile: the same ones each time."""

from random import Random

from deploys.catalogue.architecture import Architecture, VisionTower
from deploys.plan.gpu_catalogue import read_gpus
from deploys.plan.memory.configuration import Case, Device, KnownWeights, VllmConfiguration
from deploys.plan.memory.vllm_weights import BYTES_PER_WEIGHT
from tests.plan.oracle.families import FAMILIES, drawn
from tests.plan.oracle.questions import Question, questions

SEED = 2026
LLAMACPP_CASES = 312
VLLM_CASES = 208
LLAMACPP_VERSIONS = (
    *("pinned", "pinned", "b4000", "May 2025", "b7826", "b8xxx", "b9000", "2026"),
    "of my own",
)
VLLM_VERSIONS = ("pinned", "pinned", "0.6.4", "0.7.3", "0.9.1 V0", "2025", "0.20.1", "0.24.0")


def cases() -> list[Case]:
    """llama.cpp's first."""
    random = Random(SEED)
    asked = questions(SEED, LLAMACPP_CASES)
    families = list(FAMILIES)
    return [_llamacpp(random, question) for question in asked] + [
        _vllm(random, families[index % len(families)]) for index in range(VLLM_CASES)
    ]


def _llamacpp(random: Random, question: Question) -> Case:
    """Sometimes with what questions to the engine have not: drafts, a tower, facts of a build."""
    shape, configuration = _with_extras(random, question.shape), question.asked
    drafts = random.choice((0, 0, 1, 3))
    changes = {
        "draft_tokens": drafts,
        "draft_context": shape.draft_layers is not None and shape.draft_layers > 0 < drafts,
        "full_sliding_window": random.random() < 0.2,
        "pipeline_copies": random.choice((None, None, None, 1, 2, 4)),
        "devices": () if random.random() < 0.1 else _devices(random, configuration.devices),
    }
    if not changes["devices"]:
        changes["shares"] = ()
    facts = {"mask_f32": random.random() < 0.5} if random.random() < 0.1 else {}
    if random.random() < 0.1:
        facts["deq_in_graph"] = random.random() < 0.5
    known = random.random() < 0.1
    return Case(
        name=question.family,
        engine=random.choice(("llama.cpp", "llama.cpp", "llama.cpp", "ik_llama.cpp")),
        version=random.choice(LLAMACPP_VERSIONS),
        quantization=random.choice((*[question.file_type] * 11, "MXFP4_MOE")),
        architecture=shape,
        configuration=type(configuration)(**{**vars(configuration), **changes}),
        weights=KnownWeights(gpu_mib=4096.0, ram_mib=1024.0) if known else KnownWeights(),
        profile_facts=facts,
    )


def _with_extras(random: Random, shape: Architecture) -> Architecture:
    tower = VisionTower(
        weights_bytes=random.randint(2**28, 2**31),
        embedding_length=1152,
        feed_forward_length=4304,
        patches=random.choice((576, 4096)),
    )
    changes: dict[str, object] = {"vision": tower if random.random() < 0.1 else None}
    if shape.recurrent or "glm4moe" in shape.name:
        changes["draft_layers"] = random.choice((0, 1, 2))
    if shape.sliding_window and not shape.latent_attention:
        narrow = random.choice((None, 64))
        changes["sliding_window"] = shape.sliding_window.model_copy(update={"key_length": narrow})
    return shape.model_copy(update=changes)


def _devices(random: Random, devices: tuple[Device, ...]) -> tuple[Device, ...]:
    """Now and then a card whose process was measured, or whose size is not known."""
    measured = 524.0 if random.random() < 0.2 else None
    size = random.random() < 0.9
    return tuple(
        Device(one.name, one.sm_count, one.visible_mib if size else None, measured)
        for one in devices
    )


def _vllm(random: Random, family: str) -> Case:
    shape = _with_extras(random, drawn(random, family))
    count = random.choice([n for n in (1, 1, 2, 4, 8) if shape.heads % n == 0])
    gpu = random.choice([gpu for gpu in read_gpus() if gpu.usable_mib > 20_000])
    known_pool = random.random() < 0.3
    configuration = VllmConfiguration(
        maximum_length_tokens=round(2 ** random.uniform(11, 17)),
        utilisation=random.choice((0.92, 0.9, 0.8)),
        tensor_parallel=count,
        kv_bytes=random.choice((2, 2, 1)),
        state_bytes=random.choice((4, 2)),
        state_pages=random.choice((1, 2)),
        batched_tokens=random.choice((None, None, 512, 4096, 16_384)),
        sequences=random.choice((None, None, 8, 256)),
        latent_row=640 if shape.latent_attention and random.random() < 0.5 else None,
        total_gib=None if random.random() < 0.5 else round(random.uniform(20, 180), 2),
        pool_gib=round(random.uniform(1, 60), 2) if known_pool else None,
        eager=random.random() < 0.2,
        devices=(Device(gpu.name, gpu.sm_count, gpu.usable_mib),) * count,
    )
    return Case(
        name=family,
        engine="vLLM",
        version=random.choice(VLLM_VERSIONS),
        quantization=random.choice((*BYTES_PER_WEIGHT, "unheard of")),
        architecture=shape,
        configuration=configuration,
        weights=KnownWeights(gpu_mib=8192.0) if random.random() < 0.1 else KnownWeights(),
        profile_facts=random.choice(({}, {}, {}, {"v1": True}, {"v1": False})),
    )
