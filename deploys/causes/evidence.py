"""Lines that show a cause, without what looks like a secret."""

import re
from dataclasses import dataclass

# Two lines of a wide terminal.
SHOWN_CHARACTERS = 300
HIDDEN = "***"

_PRIVATE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*", re.DOTALL)
_HEADERS = re.compile(
    r"(?i)\b((?:proxy-)?authorization|x-api-key|api-key|cookie|set-cookie)(\W{1,4})"
    r"(?:[A-Za-z][\w-]*\s+)?[^\s'\",;]+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_SECRETS = (
    r"(?:api[_-]?keys?|passw(?:or)?ds?|passphrase|_pass|secret(?:[_-]?key)?|credential"
    r"|access[_-]?key(?:[_-]?id)?"
    r"|private[_-]?key|signature)"
)
# `api_key='…'`, `"password": "…"`, `HF_TOKEN=…`, also with a list; and `--api-key …`. What stands
# before the name is not looked for: in a long word that would be tried from each of its letters.
_NAMED = re.compile(
    rf"(?i)((?:{_SECRETS}|token)['\"]?\s*[=:]\s*)"
    r"(\[[^\]]*\]|'[^']*'|\"[^\"]*\"|[^\s,;'\"&)\]}]+)"
)
_OPTION = re.compile(
    rf"(?i)(--[\w-]{{0,60}}?(?:{_SECRETS}|token)\s+)('[^']*'|\"[^\"]*\"|[^\s-]\S*)"
)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
# Of well-known issuers, and JWTs. What is alike and no key is a name in pieces: `hp-gpu-server-01`.
_ISSUED = re.compile(
    r"\b(?:(?:sk|pk|rk|hf|ghp|gho|ghs|github_pat|glpat|xox[abps]|nvapi|hp|gsk)[-_]"
    r"|(?P<whole>AIza|AKIA|ASIA)[-_]?)(?P<rest>[A-Za-z0-9_-]{12,})"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"
)
_SHORTEST_KEY, _SHORTEST_PIECE = 28, 10
# Long and of one piece, as keys are made (`openssl rand -hex 24`, base64); digests that are called
# so, and UUIDs of GPUs, whose pieces are short, are no secrets and often the point.
_LONG = re.compile(r"(?<!sha256:)(?<![A-Za-z0-9+_-])[A-Za-z0-9+]{32,}={0,2}(?![A-Za-z0-9+])")


@dataclass(frozen=True)
class Line:
    """One line of a log."""

    number: int
    """From 1."""
    text: str


def shown(line: Line, at: int = 0) -> Line:
    """The line as it may be shown: without secrets, and around `at` if it is long."""
    text = masked(line.text).strip()
    if len(text) > SHOWN_CHARACTERS:
        begin = max(0, min(at - SHOWN_CHARACTERS // 3, len(text) - SHOWN_CHARACTERS))
        part = text[begin : begin + SHOWN_CHARACTERS].strip()
        text = f"{'…' if begin else ''}{part}{'…' if begin + SHOWN_CHARACTERS < len(text) else ''}"
    return Line(line.number, text)


def masked(text: str) -> str:
    """The text with `***` for whatever looks like a key, a password or a token."""
    text = _PRIVATE.sub(HIDDEN, text)
    text = _HEADERS.sub(lambda found: f"{found[1]}{found[2]}{HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _OPTION.sub(_hidden_value, _NAMED.sub(_hidden_value, text))
    text = _USERINFO.sub(f"{HIDDEN}@", text)
    text = _ISSUED.sub(_hidden_unless_name, text)
    return _LONG.sub(_hidden_if_mixed, text)


def _hidden_value(found: re.Match[str]) -> str:
    """`api_key=None` and `token: 5` tell something and hide nothing; a password may be a number."""
    harmless = found[2].strip("'\"").lower() in (
        "none",
        "null",
        "",
        "true",
        "false",
        "[]",
        "[none]",
    )
    counts = "token" in found[1].lower()
    number = counts and found[2].isdecimal() and len(found[2]) < 8
    return found[0] if harmless or number else f"{found[1]}{HIDDEN}"


def _hidden_unless_name(found: re.Match[str]) -> str:
    rest = found["rest"]
    if rest is None or found["whole"] or len(rest) >= _SHORTEST_KEY:
        return HIDDEN
    pieces = [one for one in re.split("[-_]", rest) if len(one) >= _SHORTEST_PIECE]
    return HIDDEN if any(_is_mixed(one) for one in pieces) else found[0]


def _hidden_if_mixed(found: re.Match[str]) -> str:
    """Names are of letters alone and numbers of digits alone; keys have both."""
    return HIDDEN if _is_mixed(found[0]) else found[0]


def _is_mixed(word: str) -> bool:
    return bool(re.search(r"\d", word) and re.search(r"[A-Za-z]", word))
