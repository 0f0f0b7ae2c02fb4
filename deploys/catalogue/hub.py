"""A hub in the style of Hugging Face, through its own client: one repository at one commit."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi, ModelInfo, hf_hub_url
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


def hub_folder(hub: Hub, source: HubSource) -> Folder:
    """The repository's files at the commit that the revision is now; raises Refused."""
    client = hub.client()

    def ask() -> ModelInfo:
        return client.model_info(
            source.repository,
            revision=source.revision or None,
            files_metadata=True,
            timeout=SILENCE_SECONDS,
        )

    info = _asked(hub, source, ask)
    commit = info.sha or ""
    if not COMMIT.fullmatch(commit):
        raise _refused(source, f"has no commit: the hub says {commit!r:.60}", "another endpoint")
    files = {file.rfilename: file for file in info.siblings or ()}
    sizes = {name: file.size for name, file in files.items() if isinstance(file.size, int)}

    def path_of(name: str) -> Path:
        if sizes.get(name, 0) > LARGEST_SMALL_FILE_BYTES:
            found = f"holds {name} of {sizes[name] >> 20} MiB, which should be small"
            raise _refused(source, found, "another repository of the model")
        return _asked(hub, source, lambda: _downloaded(client, hub, source, commit, name))

    def digest(name: str) -> str:
        lfs = files[name].lfs
        return lfs.sha256 if lfs else sha256_of(path_of(name))

    return Folder(
        name=f"hub:{source.repository}",
        source=source.pinned(commit),
        revision=commit,
        sizes=sizes,
        path_of=path_of,
        bytes_of=lambda name: _bytes_of(client, hub, source, commit, name),
        header_of=lambda name: _asked(hub, source, lambda: _header(client, source, commit, name)),
        sha256_of=digest,
        licence=licence_of(info),
        base=base_of(info),
        task=info.pipeline_tag or "",
    )


def _downloaded(client: HfApi, hub: Hub, source: HubSource, commit: str, name: str) -> Path:
    cache = hub.store / "hub"
    return Path(
        client.hf_hub_download(source.repository, name, revision=commit, cache_dir=str(cache))
    )


def _header(client: HfApi, source: HubSource, commit: str, name: str) -> SafetensorsFileMetadata:
    try:
        return client.parse_safetensors_file_metadata(source.repository, name, revision=commit)
    except HfHubHTTPError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # The file's fault, not the hub's.
        raise SafetensorsParsingError(name) from error


def _bytes_of(client: HfApi, hub: Hub, source: HubSource, commit: str, name: str) -> ByteSource:
    url = hf_hub_url(source.repository, name, revision=commit, endpoint=client.endpoint)
    headers = {"Authorization": f"Bearer {hub.token.reveal()}"} if hub.token else {}
    return remote_source(url, headers)


def _asked(hub: Hub, source: HubSource, ask: Callable[[], Answer]) -> Answer:
    """The hub's answer; raises Refused. What the client says may carry a token: it is not shown."""
    try:
        return ask()
    except FAILURES as error:
        raise hub_refusal(source, hub.client().endpoint, bool(hub.token), error) from None


def _refused(source: HubSource, found: str, hint: str) -> Refused:
    return Refused([Complaint(f"hub:{source.repository}", "", found, hint)])
