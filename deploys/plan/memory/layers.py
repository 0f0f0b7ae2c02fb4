"""Which layer of a model keeps what: a full cache, a window of it, or a recurrent state."""

from enum import StrEnum

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.known_architectures import ENCODERS


class LayerKind(StrEnum):
    """What a layer remembers."""

    FULL = "full"
    WINDOW = "window"
    RECURRENT = "recurrent"
    STATELESS = "stateless"
    """A feed-forward part alone."""
    ENCODER = "encoder"
    """It sees the whole text at once, and keeps nothing of it."""


def layer_kinds(shape: Architecture) -> tuple[LayerKind, ...]:
    """One kind per layer, without draft layers."""
    return tuple(_kind(shape, layer) for layer in range(shape.layers))


def _kind(shape: Architecture, layer: int) -> LayerKind:
    recurrent, window = shape.recurrent, shape.sliding_window
    if shape.name in ENCODERS:
        return LayerKind.ENCODER
    if recurrent and layer in recurrent.stateless_layers:
        return LayerKind.STATELESS
    if recurrent and not _is_one(layer, recurrent.attention_layers, recurrent.attention_every):
        return LayerKind.RECURRENT
    if window and not _is_one(layer, window.full_layers, window.full_layer_every):
        return LayerKind.WINDOW
    return LayerKind.FULL


def _is_one(layer: int, listed: tuple[int, ...], every: int) -> bool:
    """A list says it alone; a period holds where there is none."""
    return layer in listed if listed else _is_nth(layer, every)


def keeps_rows(kind: LayerKind) -> bool:
    """Whether a layer has a cache that grows with its tokens."""
    return kind in (LayerKind.FULL, LayerKind.WINDOW)


def _is_nth(layer: int, every: int) -> bool:
    """The last of each group of `every` layers, as llama.cpp's set_swa_pattern counts them."""
    return every > 0 and layer % every == every - 1


def key_row(shape: Architecture, kind: LayerKind) -> int:
    """Elements of one token's keys in a layer that keeps a cache."""
    window = shape.sliding_window
    if kind is LayerKind.WINDOW and window:
        return (window.kv_heads or shape.kv_heads) * (window.key_length or shape.key_length)
    return shape.kv_heads * shape.key_length


def value_row(shape: Architecture, kind: LayerKind) -> int:
    """Elements of one token's values in a layer that keeps a cache."""
    window = shape.sliding_window
    if kind is LayerKind.WINDOW and window:
        return (window.kv_heads or shape.kv_heads) * (window.value_length or shape.value_length)
    return shape.kv_heads * shape.value_length
