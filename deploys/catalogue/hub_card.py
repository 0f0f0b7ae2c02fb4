"""What a model's card says: its licence, and what it was made from."""

from huggingface_hub import ModelInfo

# The card's word where the licence has a name of its own.
OTHER = "other"


def licence_of(info: ModelInfo) -> str:
    """Empty: not stated."""
    card = info.card_data
    word = _text(getattr(card, "license", None))
    return _text(getattr(card, "license_name", None)) or word if word == OTHER else word


def base_of(info: ModelInfo) -> str:
    """The one model that this repository was made from; empty where there are none or several."""
    found = getattr(info.card_data, "base_model", None)
    names = [found] if isinstance(found, str) else found
    return _text(names[0]) if isinstance(names, list) and len(names) == 1 else ""


def _text(found: object) -> str:
    """Of several licences the first; one line."""
    word = found[0] if isinstance(found, list) and found else found
    return " ".join(word.split())[:200] if isinstance(word, str) else ""
