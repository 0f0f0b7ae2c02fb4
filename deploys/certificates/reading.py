"""What a certificate says: its names, how long it lives, who signed it, whether a key is its."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key


class Unreadable(Exception):
    """Not PEM, or not what it should hold; the words say which."""


@dataclass(frozen=True)
class Certificate:
    """One certificate as far as the kit judges it."""

    names: tuple[str, ...]
    """DNS names in its subjectAltName, sorted; a wildcard as it stands there."""
    begins: datetime
    ends: datetime
    parsed: x509.Certificate

    def covers(self, name: str) -> bool:
        """Whether a client that asks for `name` would take it (RFC 6125: one label by `*`)."""
        return name in self.names or f"*.{name.partition('.')[2]}" in self.names

    def left(self, now: datetime) -> timedelta:
        """How long it is still good; negative afterwards."""
        return self.ends - now

    def days_left(self, now: datetime) -> float:
        """The same in days."""
        return self.left(now) / timedelta(days=1)

    @property
    def life(self) -> timedelta:
        """From its first to its last moment."""
        return self.ends - self.begins


def now() -> datetime:
    """This machine's clock, as certificates tell time."""
    return datetime.now(UTC)


def certificate(pem: bytes) -> Certificate:
    """The first certificate of a PEM file: the server's own in a chain. Raises Unreadable."""
    try:
        found = x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError):
        raise Unreadable("holds no certificate in PEM") from None
    return Certificate(_names(found), found.not_valid_before_utc, found.not_valid_after_utc, found)


def served(der: bytes) -> Certificate:
    """A certificate as a TLS connection hands it over. Raises Unreadable."""
    try:
        return certificate(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    except ValueError:
        raise Unreadable("is no certificate") from None


def private_key(pem: str) -> PrivateKeyTypes:
    """A private key in PEM. Raises Unreadable, in words that hold nothing of it."""
    try:
        return load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unreadable("holds no private key in PEM without a passphrase") from None


def fits(key: PrivateKeyTypes, one: Certificate) -> bool:
    """Whether a private key belongs to a certificate."""
    return key.public_key() == one.parsed.public_key()


def signed(one: Certificate, authority: Certificate) -> bool:
    """Whether an authority has signed a certificate."""
    try:
        one.parsed.verify_directly_issued_by(authority.parsed)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(sorted(extension.value.get_values_for_type(x509.DNSName)))
