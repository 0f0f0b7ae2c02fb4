"""What else than memory can stand in a plan's way; each answers with words, or None."""

from deploys.catalogue.architecture import Architecture

# vLLM 0.33.0, vllm/model_executor/layers/quantization/*.py, get_min_capability.
LEAST_CAPABILITY = {
    "awq": "7.5",
    "gptq": "6.0",
    "w4a16": "7.5",
    "int8": "7.5",
    "w8a8": "7.5",
    "w8a8-fp8": "8.9",
    "w4a8-fp8": "9.0",
    "fp8": "7.5",
    "nvfp4": "7.5",
    "mxfp4": "8.0",
    "mxfp8": "7.5",
    "torchao": "7.5",
    "bitsandbytes": "7.0",
    # Not a quantisation, but the number format of the checkpoint; below it use half.
    "bf16": "8.0",
}
# Groups of weights that share a scale may not be cut by tensor parallelism (AWQ and GPTQ 128,
# block-FP8 128).
GROUPED = {"awq": 128, "gptq": 128, "w4a16": 128, "fp8": 128}


def capability_constraint(format_name: str, compute_capability: str) -> str | None:
    """A format the GPU cannot run in vLLM."""
    least = LEAST_CAPABILITY.get(format_name.lower())
    if least is None or _number(compute_capability) >= _number(least):
        return None
    return f"{format_name} needs compute capability {least}, the GPU has {compute_capability}"


def parallel_constraint(
    shape: Architecture, tensor_parallel: int, format_name: str = ""
) -> str | None:
    """A number of GPUs the model cannot be divided over."""
    if shape.heads % tensor_parallel:
        return f"{shape.heads} heads are not divisible by {tensor_parallel} GPUs"
    group = GROUPED.get(format_name.lower(), 1)
    hidden = shape.experts.feed_forward_length if shape.experts else shape.feed_forward_length
    if hidden % (tensor_parallel * group):
        return (
            f"the feed-forward length {hidden} over {tensor_parallel} GPUs cuts {format_name} "
            f"groups of {group}"
        )
    return None


def flash_attention_constraint(value_type: str, flash_attention: bool) -> str | None:
    """llama.cpp keeps quantised values only with flash attention (src/llama-context.cpp)."""
    if flash_attention or value_type in ("f16", "bf16", "f32"):
        return None
    return f"a {value_type} cache of values needs flash attention"


def ram_constraint(needed_mib: float, available_mib: float) -> str | None:
    """What stays in RAM."""
    if needed_mib <= available_mib:
        return None
    return f"RAM: {needed_mib:,.0f} MiB needed, {available_mib:,.0f} MiB available"


def disk_constraint(needed_mib: float, available_mib: float) -> str | None:
    """The model's files."""
    if needed_mib <= available_mib:
        return None
    return f"disk: {needed_mib:,.0f} MiB needed, {available_mib:,.0f} MiB free"


def _number(capability: str) -> tuple[int, ...]:
    return tuple(int(part) for part in capability.split("."))
