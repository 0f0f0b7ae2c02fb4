"""Layers of a model over pipeline stages, as vLLM divides them."""

from collections.abc import Sequence


def stage_layers(layers: int, stages: int) -> tuple[int, ...]:
    """How many layers each stage has (get_pp_indices of vllm/distributed/utils.py).

    What does not divide goes to the stages before the last, which has the output; of more than two
    the first, which has the embeddings, comes last.
    """
    counts = [layers // stages] * stages
    for place in range(2, layers % stages + 2):
        counts[-place] += 1
    return tuple(counts)


def layers_of(layers: int, stage: int, stages: int) -> range:
    """Numbers of the layers of one stage, from 0."""
    counts = stage_layers(layers, stages)
    first = sum(counts[:stage])
    return range(first, first + counts[stage])


def written(counts: Sequence[int]) -> str:
    """As VLLM_PP_LAYER_PARTITION takes them."""
    return ",".join(map(str, counts))
