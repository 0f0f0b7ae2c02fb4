"""A hub in the style of Hugging Face, through its own client: one repository at one commit."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, SafetensorsParsingError
from huggingface_hub.utils import SafetensorsFileMetadata

from deploys.catalogue.byte_sources import ByteSource, remote_source
from deploys.catalogue.digest import sha256_of
from deploys.catalogue.folder import Folder
from deploys.catalogue.hub_card import base_of, licence_of
from deploys.catalogue.hub_errors import FAILURES, hub_refusal
from deploys.catalogue.hub_source import HubSource
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import Secret

# A hub that answers at all answers within it.
SILENCE_SECONDS = 30
# Tokenizers take up to 35 MiB; what is larger lies in LFS and is never brought here.
LARGEST_SMALL_FILE_BYTES = 64 << 20
COMMIT = re.compile(r"[0-9a-f]{40}")

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Hub:
    """Which hub, and as whom it is asked."""

    store: Path
    """Where small files are brought to."""
    endpoint: str = ""
    """Empty: HF_ENDPOINT, or huggingface.co."""
    token: Secret | None = None

    def client(self) -> HfApi:
        """Never with the login that the machine may hold: only with the token that was given."""
        return HfApi(
            endpoint=self.endpoint or None, token=self.token.reveal() if self.token else False
        )


class _Repository(NamedTuple):
    """One repository at one commit, and how it is asked."""

    hub: Hub
    client: HfApi
    source: HubSource
    commit: str
    digests: Mapping[str, str]
    """sha256 of the files that lie in LFS."""
    sizes: Mapping[str, int]

    def path_of(self, name: str) -> Path:
        """A small file, brought here; raises Refused."""
        size = self.sizes.get(name, 0)
        if size > LARGEST_SMALL_FILE_BYTES:
            found = f"holds {name} of {size >> 20} MiB, which should be small"
            raise _refused(self.source, found, "another repository of the model")
        cache = str(self.hub.store / "hub")
        download = partial(self.client.hf_hub_download, cache_dir=cache, revision=self.commit)
        return _asked(self.hub, self.source, lambda: Path(download(self.source.repository, name)))

    def sha256_of(self, name: str) -> str:
        """As the hub states it of large files; small ones are read."""
        return self.digests.get(name) or sha256_of(self.path_of(name))

    def bytes_of(self, name: str) -> ByteSource:
        """The beginning of a file, by range requests; raises Refused."""
        endpoint, token = self.client.endpoint, self.hub.token
        url = hf_hub_url(self.source.repository, name, revision=self.commit, endpoint=endpoint)
        headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
        return remote_source(url, headers)

    def header_of(self, name: str) -> SafetensorsFileMetadata:
        """The tensors of a safetensors file; raises Refused or SafetensorsParsingError."""
        return _asked(self.hub, self.source, lambda: self._header(name))

    def _header(self, name: str) -> SafetensorsFileMetadata:
        read = self.client.parse_safetensors_file_metadata
        try:
            return read(self.source.repository, name, revision=self.commit)
        except HfHubHTTPError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # The file's fault, not the hub's.
            raise SafetensorsParsingError(name) from error


def hub_folder(hub: Hub, source: HubSource) -> Folder:
    """The repository's files at the commit that the revision is now; raises Refused."""
    client = hub.client()
    _refuse_readable_token(hub, client.endpoint)
    ask = partial(client.model_info, files_metadata=True, timeout=SILENCE_SECONDS)
    revision = source.revision or None
    info = _asked(hub, source, lambda: ask(source.repository, revision=revision))
    commit = info.sha or ""
    if not COMMIT.fullmatch(commit):
        raise _refused(source, f"has no commit: the hub says {commit!r:.60}", "another endpoint")
    files = info.siblings or ()
    sizes = {file.rfilename: file.size for file in files if isinstance(file.size, int)}
    digests = {file.rfilename: file.lfs.sha256 for file in files if file.lfs}
    here = _Repository(hub, client, source, commit, digests, sizes)
    return Folder(
        name=f"hub:{source.repository}",
        source=source.pinned(commit),
        revision=commit,
        sizes=sizes,
        path_of=here.path_of,
        bytes_of=here.bytes_of,
        header_of=here.header_of,
        sha256_of=here.sha256_of,
        licence=licence_of(info),
        base=base_of(info),
        task=info.pipeline_tag or "",
    )


def _refuse_readable_token(hub: Hub, endpoint: str) -> None:
    """On this machine nobody is on the way."""
    url = urlsplit(endpoint)
    if hub.token and url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost"):
        found = f"would travel to {endpoint} readable by anybody on the way"
        raise Refused([Complaint("--token", "", found, "an https:// endpoint")])


def _asked(hub: Hub, source: HubSource, ask: Callable[[], Answer]) -> Answer:
    """The hub's answer; raises Refused. What the client says may carry a token: it is not shown."""
    try:
        return ask()
    except FAILURES as error:
        raise hub_refusal(source, hub.client().endpoint, bool(hub.token), error) from None


def _refused(source: HubSource, found: str, hint: str) -> Refused:
    return Refused([Complaint(f"hub:{source.repository}", "", found, hint)])
