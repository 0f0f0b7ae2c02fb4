"""A certificate authority of a lab's own, and a server certificate that it signed."""

from pathlib import Path

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
