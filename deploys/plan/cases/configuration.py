"""`config` of a case to an engine's configuration, with what had to be assumed."""

import re

from deploys.plan.cases.words import CaseWords, ConfigWords
from deploys.plan.gpu_catalogue import find_gpu
from deploys.plan.memory.configuration import Device, LlamaCppConfiguration, VllmConfiguration


def llamacpp_configuration(words: CaseWords) -> tuple[LlamaCppConfiguration | None, list[str]]:
    """The engine's own defaults stand in for what is not said; None without a context."""
    config = words.config
    if config.ctx is None:
        return None, []
    defaults = LlamaCppConfiguration(context_tokens=config.ctx)
    configuration = LlamaCppConfiguration(
        context_tokens=config.ctx,
        key_type=config.ctk or defaults.key_type,
        value_type=config.ctv or config.ctk or defaults.value_type,
        flash_attention=defaults.flash_attention if config.fa is None else config.fa,
        micro_batch_tokens=_micro_batch(config, defaults.micro_batch_tokens),
        sequences=config.n_seq or defaults.sequences,
        unified=bool(config.unified),
        full_sliding_window=config.swa_full,
        gpu_layers=config.ngl if isinstance(config.ngl, int) else None,
        experts_on_cpu=_experts_on_cpu(config, words.arch.L if words.arch else 0),
        largest_ram_expert_mib=config.expert_tensor_mib,
        draft_tokens=config.n_rs,
        draft_context=config.mtp,
        projector_mib=config.mmproj_mib,
        devices=devices_of(config.gpus or []),
        shares=tuple(config.tensor_split or ()),
        pipeline_copies=config.n_copies,
    )
    return configuration, _assumed(config, defaults)


def _assumed(config: ConfigWords, defaults: LlamaCppConfiguration) -> list[str]:
    stand_ins = {
        "ctk": defaults.key_type,
        "ctv": config.ctk or defaults.value_type,
        "fa": defaults.flash_attention,
        "ubatch": defaults.micro_batch_tokens,
        "n_seq": defaults.sequences,
        "ngl": "all",
    }
    return [
        f"assumed: {name} {value}"
        for name, value in stand_ins.items()
        if getattr(config, name) is None
    ]


def _micro_batch(config: ConfigWords, default: int) -> int:
    """The engine caps it by the logical batch and the context (src/llama-context.cpp)."""
    asked = config.ubatch or default
    return min(asked, config.batch or asked, config.ctx or asked)


def _experts_on_cpu(config: ConfigWords, layers: int) -> int | None:
    """Layers whose experts stay in RAM; words like "part" do not say how many."""
    asked = config.cpu_moe
    if asked is None or asked is False:
        return 0
    if asked is True or asked in ("all", "true"):
        return layers
    if isinstance(asked, int):
        return asked
    counted = re.match(r"(\d+) layers\b", asked)
    return min(int(counted[1]), layers) if counted else None


def vllm_configuration(words: CaseWords) -> tuple[VllmConfiguration | None, list[str]]:
    """The version's defaults stand in for what is not said."""
    config = words.config
    longest = config.max_len or (words.arch.ctx if words.arch else None)
    if longest is None:
        return None, []
    assumed = [] if config.max_len else [f"assumed: max_len {longest}, as trained"]
    if config.util is None and config.pool_gib is None:
        assumed.append("assumed: util 0.92, the default of 0.33.0")
    plain = VllmConfiguration(longest)
    configuration = VllmConfiguration(
        maximum_length_tokens=longest,
        utilisation=config.util or plain.utilisation,
        tensor_parallel=config.tp or plain.tensor_parallel,
        kv_bytes=config.kv_bytes or plain.kv_bytes,
        state_bytes=config.mamba_bytes or plain.state_bytes,
        state_pages=config.mamba_pages or plain.state_pages,
        batched_tokens=config.batched,
        sequences=config.seqs,
        latent_row=config.mla_pad,
        total_gib=config.total_gib or None,
        pool_gib=config.pool_gib,
        eager=config.eager,
        devices=devices_of([config.gpu] if config.gpu else config.gpus or []),
    )
    return configuration, assumed


def devices_of(names: list[str]) -> tuple[Device, ...]:
    """GPUs as logs name them: `RTX 3090`, `RTX 4090 x3`, `2 GPUs`."""
    found = []
    for name in names:
        many = re.match(r"(\d+) GPUs?$", name) or re.search(r"\bx(\d+)$", name)
        found += [_device(name)] * (int(many[1]) if many else 1)
    return tuple(found)


def _device(name: str) -> Device:
    entry = find_gpu(name)
    if entry is None:
        return Device(name)
    fabric = entry.nvlink == "fabric"
    return Device(name, entry.sm_count, entry.visible_mib, entry.process_mib, fabric)
