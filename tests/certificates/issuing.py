"""Authorities and certificates of tests, of any age."""

from datetime import datetime, timedelta
from functools import cache

from deploys.certificates.authority import issued, new_key, self_signed
from deploys.certificates.reading import now

NAME = "llm.example"


@cache
def authority(environment: str = "lab") -> tuple[str, str]:
    """Key and certificate of an authority, in PEM; made once, a year ago."""
    key = new_key()
    return key, self_signed(key, environment, now() - timedelta(days=365))


def gateway_pem(
    days_left: float = 60, names: tuple[str, ...] = (NAME,), *, life_days: int = 90
) -> str:
    """Certificate and key for `names`, with so many days of its life left."""
    key, certificate = authority()
    return issued(key, certificate.encode(), names, life_days, began(days_left, life_days))


def began(days_left: float, life_days: int = 90) -> datetime:
    """When a certificate was issued that has so many days left now."""
    return now() - timedelta(days=life_days - days_left)


def without_key(pem: str) -> str:
    """The certificate alone."""
    return pem[: pem.index("-----BEGIN PRIVATE")]


def key_alone(pem: str) -> str:
    """The private key alone."""
    return pem[pem.index("-----BEGIN PRIVATE") :]
