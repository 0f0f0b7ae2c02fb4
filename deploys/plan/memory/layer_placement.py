"""Which device holds which layer (llama.cpp src/llama-model.cpp, load_tensors)."""

from collections.abc import Sequence

CPU = -1


def devices_of_layers(
    layers: int, gpu_layers: int | None, shares: Sequence[float], output_first: bool = True
) -> list[int]:
    """GPU index or CPU (-1) for every layer and, last, for the output.

    `gpu_layers` counts from the end, the output first (last until pull request 18148, December
    2025); `shares` says how much each GPU takes.
    """
    placed = [CPU] * (layers + 1)
    if not shares:
        return placed
    count = layers + 1 if gpu_layers is None else min(gpu_layers, layers + 1)
    start = max(0, layers + output_first - count)
    limits = _limits(shares)
    for index in range(count):
        share = index / count
        placed[start + index] = sum(share >= limit for limit in limits[:-1])
    return placed


def _limits(shares: Sequence[float]) -> list[float]:
    total = sum(shares)
    return [sum(shares[: index + 1]) / total for index in range(len(shares))]
