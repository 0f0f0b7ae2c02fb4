"""A certificate authority of a lab's own, and a server certificate that it signed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.lab.machine import need, run

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "3650")


def authority(folder: Path) -> Path:
    """The CA's certificate, `ca.crt` in this folder; made with its key when it is not there."""
    need("openssl")
    certificate = folder / "ca.crt"
    if not certificate.exists():
        files = ("-keyout", str(folder / "ca.key"), "-out", str(certificate))
        run("openssl", "req", "-x509", *KEY, "-subj", "/CN=Homeport lab CA", *files)
    return certificate


def authority_below(folder: Path, above: Path) -> Path:
    """The certificate of another CA, in this folder, that the one in `above` has signed."""
    certificate = folder / "ca.crt"
    signer = ("-CA", str(authority(above)), "-CAkey", str(above / "ca.key"))
    files = ("-keyout", str(folder / "ca.key"), "-out", str(certificate))
    extensions = ("-addext", "basicConstraints=critical,CA:TRUE,pathlen:0")
    subject = ("-subj", "/CN=Homeport lab CA below")
    run("openssl", "req", "-x509", *signer, *KEY, *subject, *extensions, *files)
    return certificate


def server_certificate(folder: Path, name: str, addresses: tuple[str, ...]) -> tuple[Path, Path]:
    """Certificate and key of a server, `name` and `name.lab` at these addresses, from the CA."""
    signer = ("-CA", str(authority(folder)), "-CAkey", str(folder / "ca.key"))
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    names = ",".join(
        (f"DNS:{name}", f"DNS:{name}.lab", *(f"IP:{address}" for address in addresses))
    )
    extensions = (
        "-addext",
        f"subjectAltName={names}",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    )
    files = ("-keyout", str(key), "-out", str(certificate))
    run("openssl", "req", "-x509", *signer, *KEY, "-subj", f"/CN={name}", *extensions, *files)
    return certificate, key


def not_yet_valid_certificate(folder: Path, name: str) -> tuple[bytes, bytes]:
    """The certificate of a server that has one already, from the CA, but valid from tomorrow on.

    To a host it looks as if its own clock were a day behind, which nothing in a container can set.
    """
    old = x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())
    signer = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    builder = (
        x509.CertificateBuilder(subject_name=old.subject, public_key=old.public_key())
        .issuer_name(x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()).subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(tomorrow)
        .not_valid_after(tomorrow + timedelta(days=1))
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    certificate = builder.sign(signer, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM), (folder / f"{name}.key").read_bytes()
