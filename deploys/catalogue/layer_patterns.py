"""Which layers are which, in the fewest words: a period where there is one, else a list."""

from collections.abc import Sequence

from deploys.catalogue.architecture import SlidingWindow


def period(chosen: Sequence[bool]) -> tuple[int, tuple[int, ...]]:
    """(n, ()) where every n-th layer is chosen, (0, ()) where none is, else (0, which ones).

    The n-th is the last of its group, as llama.cpp's set_swa_pattern counts.
    """
    layers = tuple(layer for layer, is_chosen in enumerate(chosen) if is_chosen)
    if not layers:
        return 0, ()
    every = layers[0] + 1
    regular = tuple(range(every - 1, len(chosen), every))
    return (every, ()) if regular == layers else (0, layers)


def sliding_window(
    tokens: int,
    windowed: Sequence[bool],
    kv_heads: int | None = None,
    key_length: int | None = None,
    value_length: int | None = None,
) -> SlidingWindow | None:
    """None where no layer has a window. Sizes are those of windowed layers that differ."""
    if not tokens or not any(windowed):
        return None
    every, full_layers = period([not has_window for has_window in windowed])
    return SlidingWindow(
        tokens=tokens,
        full_layer_every=every,
        full_layers=full_layers,
        kv_heads=kv_heads,
        key_length=key_length,
        value_length=value_length,
    )
