"""Random questions: which model, started how, on which GPUs."""

from dataclasses import dataclass
from random import Random

from deploys.catalogue.architecture import Architecture
from deploys.plan.gpu_catalogue import CatalogueGpu, read_gpus
from deploys.plan.memory.configuration import Device, LlamaCppConfiguration
from tests.plan.oracle.families import FAMILIES, drawn

FILE_TYPES = ("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_K_M", "Q4_0", "IQ4_XS", "Q3_K_M")
CACHE_TYPES = (
    ("f16", "f16"),
    ("f16", "f16"),
    ("q8_0", "q8_0"),
    ("q8_0", "q8_0"),
    ("q4_0", "q4_0"),
    ("q8_0", "f16"),
    ("f16", "q8_0"),
    ("bf16", "bf16"),
)


@dataclass(frozen=True)
class Question:
    """One case, in the planner's words."""

    family: str
    shape: Architecture
    file_type: str
    asked: LlamaCppConfiguration
    gpus: tuple[CatalogueGpu, ...]

    @property
    def kind(self) -> str:
        """Class of model and of placement, for tables."""
        return f"{_model(self.shape)}, {_placement(self)}"


def _model(shape: Architecture) -> str:
    if shape.recurrent:
        return "recurrent"
    if shape.latent_attention:
        return "latent"
    if shape.sliding_window:
        return "window"
    return "experts" if shape.experts else "dense"


def _placement(question: Question) -> str:
    layers = question.asked.gpu_layers
    if question.asked.experts_on_cpu or (layers is not None and layers <= question.shape.layers):
        return "part in RAM"
    return "one GPU" if len(question.gpus) == 1 else "several GPUs"


def questions(seed: int, count: int) -> list[Question]:
    """The same ones for the same seed; every family comes about as often."""
    random = Random(seed)
    families = list(FAMILIES)
    return [_question(random, families[index % len(families)]) for index in range(count)]


def _question(random: Random, family: str) -> Question:
    shape = drawn(random, family)
    gpus = tuple(random.choices(read_gpus(), k=random.choice((1, 1, 2, 2, 3, 4))))
    return Question(
        family=family,
        shape=shape,
        file_type=random.choice(FILE_TYPES),
        asked=_configuration(random, shape, gpus),
        gpus=gpus,
    )


def _configuration(
    random: Random, shape: Architecture, gpus: tuple[CatalogueGpu, ...]
) -> LlamaCppConfiguration:
    flash_attention = random.random() < 0.85
    types = random.choice(CACHE_TYPES)
    if not flash_attention:
        # llama.cpp keeps quantised values only with flash attention.
        types = (types[0], "f16")
    if shape.latent_attention:
        # Values are a part of the keys.
        types = ("f16", "f16") if not flash_attention else (types[0], types[0])
    sequences = random.choice((1, 1, 1, 2, 3, 4, 8))
    whole = random.random() < 0.65
    experts = shape.layers if shape.experts and random.random() < 0.3 else 0
    shares = tuple(float(random.randint(1, 4)) for _ in gpus)
    return LlamaCppConfiguration(
        context_tokens=round(2 ** random.uniform(11, 18)),
        key_type=types[0],
        value_type=types[1],
        flash_attention=flash_attention,
        micro_batch_tokens=random.choice((64, 128, 256, 512, 512, 512, 512, 1024, 2048)),
        sequences=sequences,
        unified=sequences > 1 and random.random() < 0.5,
        gpu_layers=None if whole else random.randint(0, shape.layers + 1),
        experts_on_cpu=random.randint(1, experts) if experts else 0,
        devices=tuple(Device(gpu.name, gpu.sm_count, gpu.usable_mib) for gpu in gpus),
        shares=shares if random.random() < 0.5 else (1.0,) * len(gpus),
    )
