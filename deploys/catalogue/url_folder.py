"""GGUF files behind a URL: downloaded, or only their headers where their sha256 is stated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, urlsplit

from deploys.catalogue.byte_sources import remote_source
from deploys.catalogue.folder import Folder, local_folder
from deploys.catalogue.sources import Progress, obtain
from deploys.settings.refusal import Complaint, Refused


def urls_of(url: str, names: Sequence[str]) -> dict[str, str]:
    """Name -> address, of files that lie beside the one behind `url`; raises Refused."""
    if len(names) == 1:
        return {names[0]: url}
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        hint = "download its files into one folder, then give the path of the first"
        found = "is an address of one file, and the model has several"
        raise Refused([Complaint(url, "", found, hint)])
    place = url.rpartition("/")[0]
    return {name: f"{place}/{quote(name)}" for name in names}


def source_of(url: str, names: Sequence[str]) -> str:
    """As the catalogue writes it: several files lie below an address that ends in a slash."""
    return url if len(names) == 1 else f"{url.rpartition('/')[0]}/"


def downloaded(url: str, names: Sequence[str], store: Path, progress: Progress) -> Folder:
    """Every file brought whole to `store`; raises Refused."""
    for address in urls_of(url, names).values():
        obtain(address, store, progress)
    return local_folder(store, source_of(url, names), names)


def stated(url: str, names: Sequence[str], digests: Mapping[str, str]) -> Folder:
    """Nothing is downloaded but headers: the sha256 of each file is believed; raises Refused.

    A host that fetches other bytes refuses them.
    """
    sources = {name: remote_source(address) for name, address in urls_of(url, names).items()}

    def never(name: str) -> NoReturn:
        raise Refused([Complaint(url, name, "is not brought here", "a GGUF file")])

    return Folder(
        name=url,
        source=source_of(url, names),
        revision="",
        sizes={name: source.size_bytes for name, source in sources.items()},
        path_of=never,
        bytes_of=lambda name: sources[name],
        header_of=never,
        sha256_of=lambda name: digests[name],
    )
