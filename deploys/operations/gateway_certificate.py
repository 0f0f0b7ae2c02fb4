"""The gateway's certificate and key on its host: somebody else's, or issued on the way."""

import hashlib
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

from pyinfra import host
from pyinfra.api import FunctionCommand, OperationError, QuoteString, StringCommand, operation

from deploys.certificates.authority import issued
from deploys.certificates.issuing import why_issue
from deploys.certificates.reading import Unreadable, certificate, fits, now, private_key
from deploys.facts.gateway import SecretDigest, ServedCertificate
from deploys.facts.once import once
from deploys.operations.gateway import CLIENTS
from deploys.operations.secret_file import owned, placed, written
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import Secret, resolve_text
from deploys.settings.tls import Acme, Authority, CertificateFiles, Tls

Commands = Generator[StringCommand | FunctionCommand, None, None]

# Certificate, chain and key together: nginx never sees one without the other.
CERTIFICATE = "tls.pem"
# What the ACME client trusts besides what every machine does; may be empty.
AUTHORITY = "authority.pem"


@operation()
def certified(directory: str, tls: Tls, image: str) -> Commands:
    """
    Put the gateway's certificate and key into its 0600 file.

    + directory: where the kit keeps its files
    + tls: names, and where the certificate is from
    + image: the gateway's image

    What the kit's own authority issued is renewed when less than a third of its life is left, or
    when names or authority have changed; a new key each time.
    """
    folder = f"{directory}/secrets/gateway"
    try:
        if tls.authority is not None:
            yield from _issued(folder, tls, tls.authority, image)
        elif tls.files is not None:
            yield from _given(folder, _text(tls.files), image)
        elif tls.acme is not None:
            yield from _place_for_acme(f"{directory}/secrets/acme", tls.acme, image)
    except Refused as refused:
        raise OperationError(str(refused)) from refused


def unfit(gateway: GatewayRelease, directory: str) -> Iterator[str]:
    """Why the certificate of a gateway cannot be brought, as error and hint."""
    tls = gateway.tls
    try:
        if tls is not None and tls.files is not None:
            _text(tls.files)
        elif tls is not None and tls.acme is not None and tls.acme.authority is not None:
            _committed(tls.acme.authority)
        elif tls is not None and tls.authority is not None:
            folder = f"{directory}/secrets/gateway"
            if _why(folder, tls, tls.authority, gateway.image):
                _new(tls, tls.authority)
    except Refused as refused:
        yield str(refused)


def loaded_secrets(gateway: GatewayRelease) -> tuple[str, ...]:
    """Files of secrets/gateway that nginx reads when it loads."""
    tls = gateway.tls
    # By ACME it is read for each handshake.
    return (CLIENTS,) if tls is None or tls.acme is not None else (CLIENTS, CERTIFICATE)


def _given(folder: str, text: str, image: str) -> Commands:
    changed = yield from written(folder, CERTIFICATE, text, image)
    if not changed:
        host.noop("the gateway has its certificate")


def _place_for_acme(folder: str, acme: Acme, image: str) -> Commands:
    """The folder that the client keeps its account and the certificate in, and whom it trusts."""
    text = _committed(acme.authority).decode() if acme.authority is not None else ""
    wanted = hashlib.sha256(text.encode()).hexdigest()
    if once(host, SecretDigest, folder=folder, file=AUTHORITY, image=image) == wanted:
        host.noop("the ACME client has its folder")
        return
    yield StringCommand("mkdir -p", QuoteString(folder), "&& chmod 700", QuoteString(folder))
    yield owned(folder, ".", image)
    yield from placed(folder, AUTHORITY, text, image)


def _issued(folder: str, tls: Tls, authority: Authority, image: str) -> Commands:
    why = _why(folder, tls, authority, image)
    if not why:
        host.noop("the gateway's certificate is good for long enough")
        return
    yield FunctionCommand(host.log, (f"a new certificate for {', '.join(tls.names)}: {why}",), {})
    yield from placed(folder, CERTIFICATE, _new(tls, authority), image)


def _why(folder: str, tls: Tls, authority: Authority, image: str) -> str:
    served = once(host, ServedCertificate, folder=folder, file=CERTIFICATE, image=image)
    return why_issue(served, _committed(authority.certificate), tls.names, now())


def _new(tls: Tls, authority: Authority) -> str:
    pem = _committed(authority.certificate)
    left = certificate(pem).days_left(now())
    if left < authority.valid_days:
        found = f"is good for {left:.0f} days, and what it issues for {authority.valid_days}"
        hint = "`homeport authority ENV --renew` signs another with the same key"
        raise Refused([Complaint(authority.certificate, "", found, hint)])
    try:
        key = _secret(authority.key).reveal()
        return issued(key, pem, tls.names, authority.valid_days, now())
    except Unreadable as error:
        hint = f"the key that {authority.certificate} was made with"
        raise Refused([Complaint(authority.key, "", str(error), hint)]) from None


def _text(files: CertificateFiles) -> str:
    """Chain and key in one text; Refused where they do not belong together or are too old."""
    chain = _committed(files.chain)
    found, key = certificate(chain), _secret(files.key)
    if found.days_left(now()) <= 0:
        ended = f"ended on {found.ends:%Y-%m-%d}"
        raise Refused([Complaint(files.chain, "", ended, "commit the new one; render; apply")])
    try:
        belongs = fits(private_key(key.reveal()), found)
        words = "" if belongs else f"is not the key of {files.chain}"
    except Unreadable as error:
        words = str(error)
    if words:
        raise Refused(
            [Complaint(files.key, "", words, "the key that its certificate was made for")]
        )
    return chain.decode() + key.reveal()


def _committed(name: str) -> bytes:
    try:
        pem = Path(name).read_bytes()
        certificate(pem)
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise Refused([Complaint(name, "", found, "commit it")]) from None
    except Unreadable as error:
        raise Refused([Complaint(name, "", str(error), "commit the right one")]) from None
    return pem


@cache
def _secret(reference: str) -> Secret:
    """The command behind a reference may ask a person for a fingerprint: not once per host."""
    return resolve_text(reference, Path.cwd())
