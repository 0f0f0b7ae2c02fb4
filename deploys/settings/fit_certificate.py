"""Complaints about the gateway's certificate that only its committed file can earn."""

from pathlib import Path

from deploys.certificates.reading import Certificate, Unreadable, certificate
from deploys.settings.gateway import Gateway
from deploys.settings.inventory import Inventory, origin
from deploys.settings.refusal import Complaint
from deploys.settings.tls import Tls


def unfit_certificates(inventory: Inventory, gateway: Gateway) -> list[Complaint]:
    """Whatever is wrong with the files that `gateway.tls` names; time is not judged here."""
    tls = gateway.tls
    if tls is None:
        return []
    file = origin(inventory, "gateway", inventory.hosts[0].groups)
    make = f"`homeport authority {inventory.environment}` makes it; then commit it"
    named = {
        "files.chain": (tls.files and tls.files.chain, "commit it; paths begin at the root"),
        "files.trust": (tls.files and tls.files.trust, "commit it; paths begin at the root"),
        "acme.authority": (tls.acme and tls.acme.authority, "commit it; paths begin at the root"),
        "authority.certificate": (tls.authority and tls.authority.certificate, make),
    }
    found = []
    for word, (path, hint) in named.items():
        if path:
            found += [
                Complaint(file, f"gateway.tls.{word}", words, hint)
                for words in _unfit(inventory.root / path, path, tls if "chain" in word else None)
            ]
    return found


def _unfit(path: Path, name: str, tls: Tls | None) -> list[str]:
    try:
        found = certificate(path.read_bytes())
    except OSError:
        return [f"there is no file {name}"]
    except Unreadable as error:
        return [f"{name} {error}"]
    return [f"{name} is not for {one}: {_shown(found)}" for one in _uncovered(found, tls)]


def _uncovered(found: Certificate, tls: Tls | None) -> list[str]:
    return [name for name in tls.names if not found.covers(name)] if tls is not None else []


def _shown(found: Certificate) -> str:
    return f"it names {', '.join(found.names) or 'nothing'}"
