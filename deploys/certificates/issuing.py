"""When the kit's own authority has to issue a certificate anew."""

from collections.abc import Sequence
from datetime import datetime

from deploys.certificates.reading import Unreadable, certificate, signed

# Of its life: thirty days of ninety, time for a month without an apply, and for a person to notice.
RENEWED_WITH_LESS_THAN = 1 / 3


def why_issue(served_pem: str, authority_pem: bytes, names: Sequence[str], now: datetime) -> str:
    """Why what a gateway serves has to be replaced, in words; empty when it is good."""
    try:
        served = certificate(served_pem.encode())
    except Unreadable:
        return "there is none"
    if not signed(served, certificate(authority_pem)):
        return "the authority has changed"
    if served.names != tuple(sorted(set(names))):
        return f"it names {', '.join(served.names) or 'nothing'}"
    if served.left(now) < RENEWED_WITH_LESS_THAN * served.life:
        return f"it has {served.days_left(now):.0f} days left"
    return ""
