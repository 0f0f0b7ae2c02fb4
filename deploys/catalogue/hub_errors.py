"""What a hub would not do, in words: never those of its client, which may carry a token."""

import httpx2
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from deploys.catalogue.hub_source import HubSource
from deploys.settings.refusal import Complaint, Refused

TOKEN_HINT = "give a token that may read it: --token env:HF_TOKEN"  # noqa: S105 - a reference
# HfHubHTTPError is an httpx2.HTTPError; the last four are a client that reads no hub's answer.
FAILURES = (
    *(httpx2.HTTPError, httpx2.InvalidURL, EntryNotFoundError, OSError),
    *(ValueError, KeyError, TypeError, AttributeError),
)


def hub_refusal(source: HubSource, endpoint: str, has_token: bool, error: Exception) -> Refused:
    """One of FAILURES as a refusal with a way on."""
    found, hint = _not_let_in(source, endpoint, has_token, error) or _not_answered(endpoint, error)
    return Refused([Complaint(f"hub:{source.repository}", "", found, hint)])


def _not_let_in(
    source: HubSource, endpoint: str, has_token: bool, error: Exception
) -> tuple[str, str] | None:
    """The hub knows what was asked for, and says no."""
    if isinstance(error, GatedRepoError):
        hint = f"accept the owner's terms at {endpoint}/{source.repository}, then {TOKEN_HINT}"
        return "is gated: its owner lets in who asked", hint
    if isinstance(error, RepositoryNotFoundError):
        way = "what the token may read" if has_token else f"or {TOKEN_HINT}"
        return "is not there, or not open to everybody", f"check the name; {way}"
    if isinstance(error, RevisionNotFoundError):
        return f"has no revision {source.revision!r}", "leave @REVISION out for the newest"
    if isinstance(error, EntryNotFoundError):
        return "lacks a file that it lists", "try again: it may be changing just now"
    if isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403):
        return f"the hub says {error.response.status_code}: not allowed", TOKEN_HINT
    return None


def _not_answered(endpoint: str, error: Exception) -> tuple[str, str]:
    by_hand = "or bring the files here, then give their path"
    if isinstance(error, OfflineModeIsEnabled):
        return "cannot be asked: HF_HUB_OFFLINE is set", f"unset it; {by_hand}"
    if isinstance(error, HfHubHTTPError):
        return f"the hub says {error.response.status_code}", "try again later; --endpoint: a mirror"
    if isinstance(error, httpx2.HTTPError | httpx2.InvalidURL | OSError):
        found = f"cannot be reached at {endpoint}: {type(error).__name__}"
        return found, f"--endpoint names a mirror; {by_hand}"
    return f"{endpoint} does not answer as a hub does", "check --endpoint"
