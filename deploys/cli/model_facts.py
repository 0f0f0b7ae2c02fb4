"""What people want to know of one model, as a table or for a program."""

import json
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model
from deploys.catalogue.model_files import NOT_STATED
from deploys.plan.memory.layers import LayerKind, key_row, layer_kinds, value_row

HALF_BYTES = 2
MIB = 1 << 20


def facts_table(name: str, model: Model) -> Table:
    """Two columns: word and fact."""
    table = Table(box=None, show_header=False, title=name, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for word, fact in _facts(model):
        table.add_row(word, fact)
    return table


def machine_facts(name: str, model: Model) -> str:
    """The entry, and what follows from it; sizes in the units of their names."""
    shape = model.architecture
    facts: dict[str, Any] = {"name": name, **model.model_dump(mode="json")}
    facts["files_bytes"] = sum(file.size_bytes for file in model.files)
    facts["kv_bytes_per_token"] = kv_bytes_per_token(shape) if shape else None
    facts["weights_bytes"] = model.weights.total_bytes if model.weights else None
    return json.dumps(facts, indent=2)


def warnings_of(name: str, model: Model) -> list[str]:
    """What whoever takes the model in should know before it is planned with."""
    warnings = []
    if model.architecture is None:
        warnings.append(
            f"{name} has the unknown architecture {model.architecture_name!r}: its weights are "
            "known, its cache is not, so no plan will place it"
        )
    if model.kind == "chat" and not model.chat_template:
        warnings.append(
            f"{name} brings no chat template: its chat answers will be garbage, unless its pool "
            "names one (`chat_template`; localai: `template`)"
        )
    if model.licence == NOT_STATED:
        warnings.append(f"{name} states no licence: find out before you serve it")
    return warnings


def kv_bytes_per_token(shape: Architecture) -> int:
    """At f16, of one more token in a context shorter than every window."""
    latent = shape.latent_attention
    if latent:
        return shape.layers * (latent.kv_rank + latent.rope_length) * HALF_BYTES
    rows = [
        key_row(shape, kind) + value_row(shape, kind)
        for kind in layer_kinds(shape)
        if kind in (LayerKind.FULL, LayerKind.WINDOW)
    ]
    return sum(rows) * HALF_BYTES


def _facts(model: Model) -> Iterator[tuple[str, str]]:
    yield "source", model.source
    yield "licence", model.licence
    if model.base:
        yield "base", model.base
    yield "kind", model.kind + ("" if model.chat_template else ", no chat template")
    yield "format", f"{model.format} {model.quantization}".strip()
    if model.architecture:
        yield from _shape(model.architecture)
    else:
        yield "architecture", f"{model.architecture_name}: unknown; weights known, cache unknown"
    if model.weights:
        types = model.weights.type_bytes.items()
        parts = ", ".join(f"{name} {size / MIB:,.1f}" for name, size in types)
        yield "weights", f"{model.weights.total_bytes / MIB:,.1f} MiB ({parts})"
    for file in model.every_file:
        yield "file", f"{file.name}  {file.size_bytes / MIB:,.1f} MiB  sha256 {file.sha256}"


def _shape(shape: Architecture) -> Iterator[tuple[str, str]]:
    yield "architecture", shape.name
    yield "context", f"{shape.context_tokens:,} tokens, as trained"
    drafts = f" and {shape.draft_layers} for drafts" if shape.draft_layers else ""
    yield "layers", f"{shape.layers}{drafts}: {_kinds(shape)}"
    yield "heads", f"{shape.heads}, of which {shape.kv_heads} for keys and values"
    yield "KV cache", f"{kv_bytes_per_token(shape):,} bytes per token at f16"
    experts = shape.experts
    if experts:
        yield "experts", f"{experts.used} of {experts.count} for each token"
    if shape.vision:
        yield "vision", f"{shape.vision.patches:,} patches of the largest image"


def _kinds(shape: Architecture) -> str:
    kinds = layer_kinds(shape)
    window = shape.sliding_window
    words = {
        LayerKind.FULL: "see everything",
        LayerKind.WINDOW: f"see {window.tokens:,} tokens" if window else "",
        LayerKind.RECURRENT: "keep a state",
        LayerKind.STATELESS: "keep nothing",
        LayerKind.ENCODER: "see the whole text and keep nothing",
    }
    counted = {kind: kinds.count(kind) for kind in words if kind in kinds}
    return ", ".join(f"{count} {words[kind]}" for kind, count in counted.items())
