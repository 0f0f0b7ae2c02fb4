"""What the inventory may say about TLS at the gateway: names, and where its certificate is from."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from deploys.settings.client import SecretReference
from deploys.settings.docker import CommittedFile, FromList
from deploys.settings.words import Frozen, Port

# A DNS name with a dot: what stands in a certificate and in SNI, which knows no addresses.
DnsName = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$",
        max_length=253,
    ),
]


class CertificateFiles(Frozen):
    """A certificate that somebody else issued."""

    chain: CommittedFile
    """The gateway's certificate and those between it and its authority, PEM, committed."""
    key: SecretReference
    """Its private key, PEM without a passphrase."""
    trust: CommittedFile | None = None
    """Certificate of the authority; left out: those that this machine trusts."""


class Authority(Frozen):
    """The kit's own authority; `homeport authority ENV` makes it, applies issue with it."""

    certificate: CommittedFile
    """What clients trust; committed."""
    key: SecretReference
    """Its private key, PEM: needed by `homeport authority` and when a certificate is issued."""
    valid_days: Annotated[int, Field(ge=1, le=366)] = 90
    """Life of what it issues; an apply renews when less than a third is left. Mozilla: 90 days
    recommended, 366 at most."""


class Acme(Frozen):
    """A certificate by ACME (RFC 8555), asked for and renewed on the gateway's host by lego."""

    directory: Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9._:/-]{1,200}$")] = (
        "https://acme-v02.api.letsencrypt.org/directory"
    )
    """URL of the ACME server's directory; Let's Encrypt's when left out."""
    email: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")]
    """Where the ACME server writes to when something is wrong."""
    authority: CommittedFile | None = None
    """Certificate of the site's own authority: of the ACME server itself, and what clients trust;
    left out: a public one."""
    port: Port = 80
    """Of the gateway's address, for the http-01 challenge; ACME servers ask on 80, unless they are
    the site's own."""


class Tls(Frozen):
    """TLS on the gateway's listener for clients; nothing listens without it then."""

    names: Annotated[tuple[DnsName, ...], FromList, Field(min_length=1, max_length=50)]
    """Names that clients use; a connection to any other name, or to none, is refused."""
    files: CertificateFiles | None = None
    authority: Authority | None = None
    acme: Acme | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum(one is not None for one in (self.files, self.authority, self.acme)) != 1:
            raise ValueError("one of `files`, `authority` and `acme`")
        return self

    @property
    def trust(self) -> str | None:
        """The committed file that clients trust; None: what their machine trusts."""
        if self.authority is not None:
            return self.authority.certificate
        if self.acme is not None:
            return self.acme.authority
        return self.files.trust if self.files is not None else None
