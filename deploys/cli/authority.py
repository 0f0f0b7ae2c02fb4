"""`homeport authority ENV`: makes the authority that issues the gateways' certificates."""

import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from deploys.certificates.authority import new_key, self_signed
from deploys.certificates.reading import Unreadable, certificate, fits, now, private_key
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument
from deploys.cli.root import repository_root
from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, origin, read_inventory
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve_text
from deploys.settings.tls import Authority
from deploys.settings.validation import complaints_of


def authority(
    environment: EnvironmentArgument,
    renew: Annotated[
        bool, typer.Option("--renew", help="Sign a new certificate with the same key.")
    ] = False,
) -> int:
    """Makes key and certificate that `gateway.tls.authority` names, as far as they are missing."""
    root = repository_root()
    words = _words(read_inventory(root, environment))
    key_made = _make_key(words.key, root)
    key = resolve_text(words.key, root).reveal()
    path = root / words.certificate
    try:
        if path.exists() and not renew:
            return _found(words, key, path.read_bytes())
        text = self_signed(key, environment, now())
    except Unreadable as error:
        raise Refused([Complaint(words.key, "", str(error), "a key in PEM, or none yet")]) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if key_made:
        print(f"made {words.key}: keep it, and nobody else may have it")
    print(f"wrote {words.certificate}: commit it; clients are to trust it")
    print(f"next: homeport render {environment}")
    return ExitCode.DONE


def _found(words: Authority, key: str, pem: bytes) -> int:
    """Nothing to do where both are there and belong together."""
    if not fits(private_key(key), certificate(pem)):
        hint = "the key that it was made with; --renew replaces the certificate, for every client"
        found = f"is not the key of {words.certificate}"
        raise Refused([Complaint(words.key, "", found, hint)])
    print(f"{words.certificate} and its key are there")
    return ExitCode.DONE


def _words(inventory: Inventory) -> Authority:
    """Of the gateway alone: the environment cannot be whole before its authority is there."""
    host = inventory.hosts[0]
    file = origin(inventory, "gateway", host.groups)
    try:
        gateway = Gateway.model_validate(dict(host.data.get("gateway", {})), strict=True)
    except ValidationError as error:
        raise Refused(complaints_of(error, file, Gateway, "gateway")) from None
    if gateway.tls is None or gateway.tls.authority is None:
        hint = '"tls": {"names": [...], "authority": {"certificate": …, "key": …}}'
        raise Refused([Complaint(file, "gateway.tls.authority", "is missing", hint)])
    return gateway.tls.authority


def _make_key(reference: str, root: Path) -> bool:
    """Makes the key's file where there is none, readable by its owner alone from the first byte."""
    kind, _, name = reference.partition(":")
    path = root / Path(name).expanduser()
    if kind != "file" or path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(new_key())
    return True
