"""What a GPU fetches from RAM to compute a layer whose cache lies there.

ggml's scheduler gives large batches of such layers to the first GPU (op_offload) and copies each
input there for one part of the graph (ggml/src/ggml-backend.cpp, ggml_backend_sched_split_graph).
"""

from deploys.plan.memory import ggml_types, kv_cache, kv_cells, recurrent_layer
from deploys.plan.memory.graph_part import Part
from deploys.plan.memory.layers import LayerKind, keeps_rows


def cache_bytes(part: Part, kind: LayerKind) -> tuple[int, ...]:
    """One layer's keys and values as they are stored, or its two recurrent states; 0 for neither.

    With latent attention the values are a view of the keys and are copied as one more of them; two
    layers' copies then overlap by one.
    """
    shape, asked = part.shape, part.asked
    if kind is LayerKind.RECURRENT and shape.recurrent:
        return recurrent_layer.states_bytes(shape.recurrent, asked.sequences)
    if not keeps_rows(kind):
        return (0,)
    cells = kv_cache.cells_of(shape, kind, asked, part.profile)
    cells *= kv_cells.streams(asked.sequences, asked.unified)
    key, value = kv_cache.cache_rows(shape, kind, part.profile)
    keys = cells * ggml_types.size_bytes(asked.key_type, key)
    if value:
        return keys, cells * ggml_types.size_bytes(asked.value_type, value)
    return (keys,) * 3


def values_apart_bytes(part: Part, kind: LayerKind) -> int:
    """The f16 copy of latent values, which are no view of the keys any more once both are fetched.

    0 where the values have a cache of their own, or are f16.
    """
    latent = part.shape.latent_attention
    if latent is None or part.profile.latent_cache != "keys" or part.asked.key_type == "f16":
        return 0
    cells = kv_cache.cells_of(part.shape, kind, part.asked, part.profile)
    cells *= kv_cells.streams(part.asked.sequences, part.asked.unified)
    return cells * ggml_types.size_bytes("f16", latent.kv_rank)
