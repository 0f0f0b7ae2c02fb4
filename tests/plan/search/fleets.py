"""Small catalogues and fleets to plan with: published models on GPUs of the catalogue.

Shapes are those of tests/plan/measurements.json (with their sources); sizes follow from llama.cpp's
and vLLM's own rules, as files of these quantizations have them.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model, ModelFile
from deploys.plan.cases.shapes import shape_of
from deploys.plan.cases.words import ArchitectureWords
from deploys.plan.gpu_catalogue import find_gpu
from deploys.plan.memory.configuration import Case
from deploys.plan.memory.vllm_weights import weights_bytes
from deploys.plan.memory.weights import tensor_sizes
from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan, Replica
from deploys.render.engines.llamacpp import arguments
from deploys.settings.environment import Environment, Host
from deploys.settings.gateway import Gateway
from deploys.settings.group_data import HostWords
from deploys.settings.hardware import Cpu, Gpu, HostHardware, NumaNode
from deploys.settings.pool import Pool
from deploys.settings.refusal import Complaint, Refused

MEASUREMENTS = Path(__file__).parents[1] / "measurements.json"
# Which measurement says each model's shape.
SHAPES = {
    "llama-3.1-8b": "lc05",
    "llama-3.1-70b": "vl06",
    "qwen3-32b": "lc07",
    "qwen3-30b-a3b": "lc23",
    "qwen3-235b-a22b": "lc25",
}


@cache
def shape(name: str) -> Architecture:
    """Of a published model."""
    entries = {one["id"]: one for one in json.loads(MEASUREMENTS.read_text())["entries"]}
    return shape_of(ArchitectureWords.model_validate(entries[SHAPES[name]]["arch"]))


def gguf(name: str, quantization: str, shape_: Architecture | None = None) -> Model:
    """An entry with a file as large as llama-quantize would write it."""
    known = shape_ or shape(name)
    sizes = tensor_sizes(Case("", "llamacpp", "pinned", quantization, known, None))
    assert not isinstance(sizes, str), sizes
    return _entry(name, quantization, "gguf", sum(sizes.values()), known)


def safetensors(name: str, quantization: str) -> Model:
    """An entry with one file of all weights."""
    sizes = weights_bytes(shape(name), quantization, 1)
    assert not isinstance(sizes, str), sizes
    return _entry(name, quantization, "safetensors", round(sizes[0]), shape(name))


def _entry(
    base: str,
    quantization: str,
    form: Literal["gguf", "safetensors"],
    size: int,
    known: Architecture | None,
) -> Model:
    return Model(
        source=f"https://models.example/{base}",
        licence="as published",
        format=form,
        base=base,
        quantization=quantization,
        files=(ModelFile(name=f"weights.{form}", size_bytes=size, sha256="0" * 64),),
        architecture=known,
        architecture_name="" if known else "nova",
        chat_template=True,
    )


@cache
def catalogue() -> Mapping[str, Model]:
    """NAME-QUANTIZATION -> entry."""
    every = [
        *(gguf(name, word) for name in SHAPES for word in ("Q8_0", "Q6_K", "Q4_K_M")),
        gguf("qwen3-32b", "Q5_K_M"),
        gguf("qwen3-32b", "Q3_K_M"),
        *(safetensors("llama-3.1-8b", word) for word in ("bf16", "awq")),
        *(safetensors("llama-3.1-70b", word) for word in ("bf16", "fp8")),
    ]
    return {f"{one.base}-{one.quantization.lower()}": one for one in every}


def host(name: str, *gpus: str, cores: int = 32, ram_mib: int = 262_144, **words: object) -> Host:
    """A host with GPUs of the catalogue, half of them at each of two NUMA nodes."""
    cards = tuple(_card(name, number, word, gpus) for number, word in enumerate(gpus))
    halves = tuple(
        NumaNode(node=node, physical_cores=cores // 2, memory_mib=ram_mib // 2) for node in (0, 1)
    )
    cpu = Cpu(physical_cores=cores, sockets=2, numa_nodes=halves)
    hardware = HostHardware(cpu=cpu, memory_mib=ram_mib, gpus=cards)
    return with_hardware(name, hardware.model_copy(update=words))


def with_hardware(name: str, hardware: HostHardware) -> Host:
    """A host of any hardware."""
    return Host(
        name=name,
        connection=name,
        roles=("gpu_hosts", "gateways"),
        words=HostWords(address="10.0.0.1"),
        hardware=hardware,
    )


def card(uuid: str, word: str, **changes: object) -> Gpu:
    """One GPU of the catalogue, changed."""
    entry = find_gpu(word)
    assert entry is not None, word
    facts = {"uuid": uuid, "name": entry.name, "memory_mib": entry.nvml_mib}
    return Gpu.model_validate({**facts, "visible_mib": entry.visible_mib, **changes}, strict=False)


def _card(name: str, number: int, word: str, gpus: tuple[str, ...]) -> Gpu:
    entry = find_gpu(word)
    assert entry is not None, word
    own = f"GPU-{name}-{number}"
    peers = [f"GPU-{name}-{other}" for other in range(len(gpus)) if other != number]
    joined = tuple(peers) if entry.nvlink == "fabric" else ()
    return card(own, word, numa_node=2 * number // len(gpus), nvlink_peers=joined)


def environment(
    hosts: list[Host],
    pools: Mapping[str, Mapping[str, object]],
    models: Mapping[str, Model] | None = None,
) -> Environment:
    """Pools by name, as an inventory says them."""
    return Environment(
        name="lab",
        hosts=tuple(hosts),
        pools={name: Pool.model_validate(words) for name, words in pools.items()},
        clients={},
        gateway=Gateway(),
        images={},
        models=dict(models or catalogue()),
    )


def planned(hosts: list[Host], **pools: Mapping[str, object]) -> Plan:
    """The plan of these hosts and pools; raises Refused."""
    return plan_environment(environment(hosts, pools), {})


def refusal(hosts: list[Host], **pools: Mapping[str, object]) -> Complaint:
    """The one complaint about what has no plan."""
    with pytest.raises(Refused) as refused:
        planned(hosts, **pools)
    (complaint,) = refused.value.complaints
    return complaint


def chat(
    model: object = "qwen3-32b", context_tokens: object = 16_384, **words: object
) -> dict[str, object]:
    """A pool's words."""
    return {"model": model, "context_tokens": context_tokens, **words}


def on_one_gpu(**words: object) -> tuple[Replica, list[tuple[str, ...]]]:
    """A replica of llama-3.1-8b on llama.cpp, and the words of its command line."""
    pool = chat("llama-3.1-8b", 4096, engine="llamacpp", **words)
    (found,) = planned([host("a", "RTX 4090")], chat=pool).pools
    return found.replicas[0], [one.words for one in arguments(found, found.replicas[0])]
