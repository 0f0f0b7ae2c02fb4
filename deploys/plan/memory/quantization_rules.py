"""The mix of types by the role of a tensor (src/llama-quant.cpp, llama_tensor_get_type_impl)."""

from dataclasses import dataclass

# Tensors that hold the values of attention, which suffer most from few bits.
ATTENTION_V = ("attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight")
_FINE_OUTPUT = ("IQ2_S", "IQ2_M")
_EIGHT_EXPERT_OUTPUT = [
    "Q2_K",
    "IQ3_XS",
    "IQ3_XXS",
    "Q3_K_S",
    "Q3_K_M",
    "IQ4_NL",
    "Q4_K_S",
    "Q4_K_M",
    "IQ3_S",
    "IQ3_M",
    "IQ4_XS",
]


@dataclass(frozen=True)
class Place:
    """Where in which model a tensor stands, as far as the rules ask."""

    file_type: str
    importance_matrix: bool
    experts: int
    heads_per_kv_head: int
    is_70b: bool
    values: int
    layers: int
    is_output: bool = False
    value_index: int = 0
    down_index: int = 0
    downs_seen: int = 0
    layer: int = 0


def takes_more_bits(index: int, count: int) -> bool:
    """The first and last eighth, and every third between them."""
    eighth = count // 8
    return index < eighth or index >= 7 * count // 8 or (index - eighth) % 3 == 2


def attention_v_type(name: str, place: Place, default: str) -> str | None:
    """Of the values of attention; None for other tensors."""
    if not any(word in name for word in ATTENTION_V):
        return None
    if place.experts == 8:
        return "q8_0"
    chosen = _value_type(place) or default
    return "q5_k" if place.is_70b and chosen in ("q3_k", "q4_k") else chosen


def _value_type(place: Place) -> str | None:
    shared = place.heads_per_kv_head >= 4
    more = takes_more_bits(place.value_index, place.values)
    few = "iq3_xxs" if place.importance_matrix else "iq3_s"
    answers = {
        "Q2_K": "q4_k" if shared else "q3_k",
        "Q2_K_S": "q4_k" if shared else None,
        "IQ3_XXS": "q4_k" if shared else few,
        "IQ3_XS": "q4_k" if shared else None,
        "IQ3_S": "q4_k" if shared else None,
        "IQ3_M": "q4_k",
        "Q3_K_M": "q5_k" if place.value_index < 2 else "q4_k",
        "Q3_K_L": "q5_k",
        "IQ4_NL": "q5_k" if shared else None,
        "IQ4_XS": "q5_k" if shared else None,
        "Q4_K_M": "q6_k" if more else None,
        "Q5_K_M": "q6_k" if more else None,
        "Q4_K_S": "q5_k" if place.value_index < 4 else None,
    }
    return answers.get(place.file_type)


def query_key_type(name: str, place: Place, default: str) -> str | None:
    """Of attn_k and attn_q; None for other tensors."""
    if "attn_k.weight" not in name and "attn_q.weight" not in name:
        return None
    if place.experts == 8 and "attn_k.weight" in name:
        return "q8_0"
    return {"IQ3_XS": "iq3_xxs", "IQ3_XXS": "iq2_s"}.get(place.file_type, default)


def feed_forward_type(name: str, place: Place, default: str) -> str | None:
    """Of the feed-forward part; None for other tensors."""
    if "ffn_down" in name:
        return _down_type(place) or default
    if "ffn_gate" not in name and "ffn_up" not in name:
        return None
    eighth, layers = place.layers // 8, place.layers
    inner = eighth <= place.layer < 7 * layers // 8
    return "iq3_xxs" if place.file_type == "IQ3_XS" and inner else default


def _down_type(place: Place) -> str | None:
    index, layers = place.down_index, place.layers
    early = index < layers // 8
    more = takes_more_bits(index, layers)
    plain = not place.importance_matrix
    answers = {
        "Q2_K": "q3_k",
        "Q2_K_S": "q4_k" if early else None,
        "IQ3_XXS": ("q4_k" if early else "q3_k") if plain else None,
        "Q3_K_M": "q5_k" if index < layers // 16 else "q4_k",
        "IQ3_M": "q4_k" if early or (place.experts == 8 and more) else None,
        "Q3_K_L": "q5_k",
        "Q4_K_M": "q6_k" if more else None,
        "Q5_K_M": "q6_k" if more else None,
        "IQ4_NL": "q5_k" if early and plain else None,
        "IQ4_XS": "q5_k" if early and plain else None,
        "Q4_K_S": "q5_k" if early else None,
        "Q4_0": "q4_1" if early and not plain else None,
        "Q5_0": "q5_1" if early and not plain else None,
    }
    return answers.get(place.file_type)


def attention_output_type(name: str, place: Place, default: str) -> str | None:
    """Of attn_output; None for other tensors."""
    if "attn_output.weight" not in name:
        return None
    if place.experts == 8:
        return "q5_k" if place.file_type in _EIGHT_EXPERT_OUTPUT else default
    answers = {
        "Q2_K": "q3_k",
        "IQ3_XXS": "iq3_s",
        "Q3_K_M": "q4_k",
        "Q3_K_L": "q5_k",
        "IQ3_M": "q4_k",
    }
    return answers.get(place.file_type, default)


def coarse_type(name: str, place: Place, default: str) -> str:
    """Of any tensor in files of one or two bits."""
    fine = place.file_type in _FINE_OUTPUT
    if any(word in name for word in ATTENTION_V):
        rich = place.heads_per_kv_head >= 4 or place.experts >= 4
        return "q4_k" if rich else ("iq3_s" if fine else "q2_k")
    if place.experts == 8 and "attn_k.weight" in name:
        return "q4_k"
    if "ffn_down" in name and place.downs_seen < place.layers // 8:
        return "iq3_s" if fine else "q2_k"
    if "attn_output.weight" in name:
        if place.experts == 8:
            return "q5_k"
        return "iq3_s" if fine else _ONE_BIT_OUTPUT.get(place.file_type, default)
    return default


_ONE_BIT_OUTPUT = {"IQ1_S": "iq2_xxs", "IQ1_M": "iq2_xxs"}
