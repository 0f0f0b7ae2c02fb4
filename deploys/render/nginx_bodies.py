"""How nginx itself finds the model in a body: an expression for those that leave no doubt."""

# Objects and arrays in each other, below the outermost object. A conversation with images has four,
# with the schemas of tools some more; a script reads what is deeper.
DEPTH = 10

# Nothing here is ever tried a second time: every repetition is possessive. So a body takes time
# by its length alone, and the stack of PCRE's machine code (32 KiB; nginx gives it no more) holds
# one frame for each level, however long the body is. Quotes and backslashes by their numbers: in
# nginx's files both have a meaning.
_BLANK = r"[ \x09\x0a\x0d]*+"
_STRING = r"\x22(?:[^\x00-\x1f\x22\x5c]++|\x5c(?:[\x22\x5c/bfnrt]|u[0-9A-Fa-f]{4}))*+\x22"
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+"
# The outermost object's other names: one with a backslash might spell the model's, and there are
# engines that take `Model` for it.
_OTHER_NAME = r"\x22(?!(?i:model)\x22)[^\x00-\x1f\x22\x5c]*+\x22"
_MODEL = r"(?<model_in_body>[A-Za-z0-9][A-Za-z0-9._:/-]*+)"
# Called by their numbers.
_CALL_STRING, _CALL_SCALAR, _CALL_BLANK = "(?1)", "(?2)", "(?3)"
_GROUPS = (_STRING, f"{_CALL_STRING}|{_NUMBER}|true|false|null", _BLANK)


def body_pattern() -> str:
    """For the whole of a body: JSON by RFC 8259 that names one model, in letters as they are.

    What it matches is a part of what gateway.js takes, with the same model; what it does not match
    may be either, and gateway.js says which.
    """
    groups = list(_GROUPS)
    value = _CALL_SCALAR
    for _ in range(DEPTH):
        groups.append(_nested(value))
        value = f"(?{len(groups)})"
    blank = _CALL_BLANK
    member = rf"{_OTHER_NAME}{blank}:{blank}(?>{value}){blank}"
    model = rf"\x22model\x22{blank}:{blank}\x22{_MODEL}\x22{blank}"
    defined = "".join(f"({group})" for group in groups)
    return (
        rf"\A(?(DEFINE){defined}){blank}\{{{blank}(?:{member},{blank})*+"
        rf"{model}(?:,{blank}{member})*+\}}{blank}\z"
    )


def _nested(value: str) -> str:
    """A scalar, or an object or array of `value`s."""
    blank = _CALL_BLANK
    pair = f"{_CALL_STRING}{blank}:{blank}{value}"
    # A comma has another one behind it.
    members = rf"(?:{pair}{blank}(?:,{blank}(?=\x22)|(?=\}})))*+"
    elements = rf"(?:{value}{blank}(?:,{blank}(?!\])|(?=\])))*+"
    return rf"{_CALL_SCALAR}|\{{{blank}{members}\}}|\[{blank}{elements}\]"
