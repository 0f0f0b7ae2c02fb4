"""A tokenizer for clients that want one even where the server counts, and would ask a hub."""

import json
from pathlib import Path

FILES = {
    "tokenizer.json": {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "sea": 1}, "unk_token": "[UNK]"},
    },
    "tokenizer_config.json": {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "[UNK]",
    },
}


def write_tokenizer(folder: Path) -> None:
    """Words are tokens to it; what it counts is never read."""
    for name, document in FILES.items():
        (folder / name).write_text(json.dumps(document))
