"""The kit's own authority: its key and certificate, and the certificates of gateways it signs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploys.certificates.reading import Unreadable, certificate, fits, private_key

# Clients keep an authority's certificate for years; who has to exchange it touches all of them.
AUTHORITY_DAYS = 3650
# What a clock of a client may be behind; certificates of the same minute are refused otherwise.
CLOCK_DIFFERENCE = timedelta(hours=1)
LONGEST_COMMON_NAME = 64


def new_key() -> str:
    """A new private key as PEM: P-256, which Mozilla's intermediate profile asks for."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def self_signed(key_pem: str, environment: str, now: datetime) -> str:
    """The authority's certificate as PEM; it may sign servers and no further authority."""
    key = _signing_key(key_pem)
    name = _name(f"Homeport authority of {environment}")
    usage = _usage(key_cert_sign=True)
    builder = _builder(name, name, key.public_key(), now, timedelta(days=AUTHORITY_DAYS))
    signed = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return signed.public_bytes(Encoding.PEM).decode()


def issued(
    key_pem: str, authority_pem: bytes, names: Sequence[str], valid_days: int, now: datetime
) -> str:
    """A new certificate for `names` with a new key of its own: both as PEM, in one text.

    Raises Unreadable when the authority's key is none, or another than its certificate's.
    """
    key, authority = _signing_key(key_pem), certificate(authority_pem)
    if not fits(key, authority):
        raise Unreadable("is not the key of the authority's certificate")
    own = ec.generate_private_key(ec.SECP256R1())
    subject = _name(names[0] if len(names[0]) <= LONGEST_COMMON_NAME else "gateway")
    builder = _builder(
        subject, authority.parsed.subject, own.public_key(), now, timedelta(days=valid_days)
    )
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    signed = (
        builder.add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return signed.public_bytes(Encoding.PEM).decode() + _pem(own)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _signing_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = private_key(pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unreadable("is no key of an elliptic curve (P-256 or P-384)")
    return key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number())
        .not_valid_before(now - CLOCK_DIFFERENCE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:LONGEST_COMMON_NAME])])


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
