"""How many tokens a layer's cache in llama.cpp has room for, and in how many streams."""

# llama_context pads n_ctx and then n_ctx_seq to 256 (src/llama-context.cpp), and
# llama_kv_cache_iswa pads the
# window's cache to 256 (src/llama-kv-cache-iswa.cpp, llama.cpp #17037).
PADDING = 256


def padded(tokens: int) -> int:
    """The next multiple of 256."""
    return -(-tokens // PADDING) * PADDING


def streams(sequences: int, unified: bool) -> int:
    """Caches kept apart; src/llama-kv-cache.cpp, n_stream."""
    return 1 if unified else sequences


def full_cells(context: int, sequences: int, unified: bool) -> int:
    """Cells of one stream of a layer that sees all of the context."""
    return padded(padded(context) // streams(sequences, unified))


def window_cells(cells: int, window: int, micro_batch: int, sequences: int, unified: bool) -> int:
    """Cells of one stream of a layer that looks back `window` tokens: the micro-batch, not the
    logical batch, is kept beside the window.
    """
    kept = window * (sequences if unified else 1) + micro_batch
    return padded(min(cells, kept))
