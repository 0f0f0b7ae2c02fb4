"""Which keys were drawn and not chosen, and the short cut by which nginx itself knows those.

nginx can compare an md5 and no other digest (ngx_http_secure_link_module). md5 is broken where
somebody may choose both texts. Whoever has the gateway's file and wants a key needs a preimage,
which takes 2^123 steps at best (Sasaki and Aoki, EUROCRYPT 2009). Where a key is a word, trying
words is all it takes, and md5 is tried several times as fast as sha256: such keys get none.
"""

import base64
import hashlib
import re
from itertools import pairwise

# The last ones of a key, by which its line is found: they stand in the file as they are.
SHOWN_SIGNS = 8
# Of what else a drawn key has: 128 bits in hex, and 136 where upper and lower case are mixed.
HEX_SIGNS = 32
MIXED_SIGNS = 24
DIFFERENT_SIGNS = 10
# What RFC 6750 allows in a bearer token, and as long as nginx's buckets hold twice.
PLAIN_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{1,128}")
_PREFIX = re.compile(r"^(?:[a-z]+[-_])+")


def is_drawn(key: str) -> bool:
    """Whether a key has 128 random bits without what the file shows of it, as far as can be seen.

    Drawn signs change between lower case, upper case and digits all the time; words do not.
    """
    hidden = _PREFIX.sub("", key[:-SHOWN_SIGNS])
    kinds = [_kind(sign) for sign in hidden]
    changes = sum(one != other for one, other in pairwise(kinds))
    is_mixed = {"lower", "upper"} <= set(kinds)
    needed = MIXED_SIGNS if is_mixed else HEX_SIGNS
    return (
        PLAIN_KEY.fullmatch(key) is not None
        and len(hidden) >= needed
        and len(set(hidden)) >= DIFFERENT_SIGNS
        # WordsInOneKey change at every third sign.
        and changes >= len(hidden) // (2 if is_mixed else 4)
    )


def shown_signs(key: str) -> str:
    """By what nginx looks its line up: without regard to upper and lower case."""
    return key[-SHOWN_SIGNS:].lower()


def short_cut(key: str, name: str) -> str:
    """nginx's map line of a drawn key: its last signs -> salt, md5 of salt and key, name.

    The salt follows from the key, so that the same keys make the same file. With it nobody knows
    of a guess how its md5 begins, and the time of a comparison says nothing.
    """
    salt = _text(hashlib.sha256(b"salt of " + key.encode()).digest()[:16])
    md5 = _text(hashlib.md5(f"{salt}{key}".encode(), usedforsecurity=False).digest())
    # The backslash: what follows may begin with ~ or be a word such as `default`.
    return f'"\\\\{key[-SHOWN_SIGNS:]}" "{salt} {md5} {name}";\n'


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _kind(sign: str) -> str:
    kinds = {"lower": sign.islower(), "upper": sign.isupper(), "digit": sign.isdigit()}
    return next((kind for kind, holds in kinds.items() if holds), "other")
