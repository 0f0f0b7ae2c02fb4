"""The gateway's certificate: whom it is for, who signed it, and how long it is good."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from checks.fleet import Fleet
from checks.probes.certificate import served_certificate
from checks.probes.gateway import Gateway
from checks.results import NOTE
from checks.verdict import none_of, require
from deploys.certificates.reading import Certificate, certificate, now, signed
from deploys.settings.tls import Tls

# A working week and two weekends: time to find whoever can renew it. Certificates that live for
# days only have a tenth of their life instead.
LEAST_LEFT = timedelta(days=7)
LEAST_PART = 1 / 10
# What an apply renews; told before it fails.
NOTED_PART = 1 / 3


@pytest.fixture
def tls(gateway: Gateway, fleet: Fleet) -> Tls:
    """What is committed for the gateway."""
    released = fleet.committed[gateway.host].release.gateway
    if released is None or released.tls is None:
        raise ValueError(f"{gateway.host} has no TLS")
    return released.tls


@pytest.fixture
def shown(gateway: Gateway) -> Certificate:
    """What the gateway shows."""
    return served_certificate(gateway)


def check_the_certificate_is_good_for_long_enough(
    shown: Certificate, tls: Tls, record_property: Callable[[str, object], None]
) -> None:
    """Every client is locked out in the second it ends."""
    left = shown.left(now())
    days = f"{shown.days_left(now()):.1f} days"
    remedy = _remedy(tls)
    require(left > timedelta(), f"the certificate ended on {shown.ends:%Y-%m-%d %H:%M} UTC", remedy)
    enough = left >= min(LEAST_LEFT, LEAST_PART * shown.life)
    require(enough, f"the certificate ends on {shown.ends:%Y-%m-%d}, in {days}", remedy)
    if left < NOTED_PART * shown.life:
        record_property(NOTE, f"the certificate ends in {days}: {remedy}")


def check_the_certificate_is_for_the_committed_names(shown: Certificate, tls: Tls) -> None:
    """Clients refuse any other."""
    missing = [name for name in tls.names if not shown.covers(name)]
    none_of(missing, "the certificate is not for", "homeport apply brings the committed one")


def check_the_authority_is_the_committed_one(shown: Certificate, tls: Tls, fleet: Fleet) -> None:
    """Where the kit issues: what clients trust has signed it, and outlives it."""
    if tls.authority is None:
        return
    authority = certificate((fleet.root / tls.authority.certificate).read_bytes())
    require(
        signed(shown, authority),
        f"the certificate was not signed by {tls.authority.certificate}",
        "homeport apply issues another",
    )
    require(
        authority.ends >= shown.ends,
        f"{tls.authority.certificate} ends on {authority.ends:%Y-%m-%d}, before the certificate",
        "`homeport authority ENV --renew`; have every client trust the new one first",
    )


def _remedy(tls: Tls) -> str:
    if tls.authority is not None:
        return "homeport apply issues another"
    if tls.acme is not None:
        return "`docker logs` of the gateway's `acme` container says why it was not renewed"
    return "commit the renewed chain and store its key; homeport render; homeport apply"
