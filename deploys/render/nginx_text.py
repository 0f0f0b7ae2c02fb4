"""Text for nginx, which has no way to quote `$`: what could be misread raises ValueError."""

import json
import re
from collections.abc import Sequence

# nginx reads its files through a buffer of 4096 bytes, and refuses a word that does not fit
# (NGX_CONF_BUFFER in ngx_conf_file.c).
LONGEST_PIECE = 3500


def nginx_word(word: str) -> str:
    """`word` itself: letters, digits and . _ - and nothing that nginx gives a meaning."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", word):
        raise ValueError(f"{word!r} cannot stand in an nginx file")
    return word


def map_pattern(public_name: str) -> str:
    """A regular expression for `map` that matches `public_name` to the letter and nothing else."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/-]*", public_name):
        raise ValueError(f"{public_name!r} cannot stand in an nginx file")
    escaped = public_name.replace(".", r"\.")
    return rf"~^{escaped}\z"


def nginx_string(text: str) -> str:
    """`text` itself, which may stand between single quotes: printable ASCII without ' \\ and $."""
    if not re.fullmatch(r"[ !\"#%&(-\[\]-~]*", text):
        raise ValueError(f"{text!r} cannot stand in an nginx string")
    return text


def nginx_pieces(text: str) -> list[str]:
    """`text` cut into strings that are short enough for nginx."""
    nginx_string(text)
    return [text[start : start + LONGEST_PIECE] for start in range(0, len(text), LONGEST_PIECE)]


def models_document(public_names: Sequence[str]) -> str:
    """The answer to GET /v1/models; `created` has no meaning here and is 0."""
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": "homeport"}
        for name in public_names
    ]
    return json.dumps({"object": "list", "data": data})
