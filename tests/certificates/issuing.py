"""Authorities and certificates of tests, of any age."""

import ssl
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

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


def tls_server(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What makes a server be NAME, and the file of the authority that its clients are to trust."""
    pem, trust = folder / "gateway.pem", folder / "authority.pem"
    pem.write_text(gateway_pem())
    trust.write_text(authority()[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, trust


def began(days_left: float, life_days: int = 90) -> datetime:
    """When a certificate was issued that has so many days left now."""
    return now() - timedelta(days=life_days - days_left)


def without_key(pem: str) -> str:
    """The certificate alone."""
    return pem[: pem.index("-----BEGIN PRIVATE")]


def key_alone(pem: str) -> str:
    """The private key alone."""
    return pem[pem.index("-----BEGIN PRIVATE") :]
