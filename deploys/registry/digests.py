"""From an image's tag to its digest, asked of the registry that the tag names.

The protocol is the OCI distribution specification; logins are Docker's: basic, or a bearer token
from the realm that the registry names
(https://distribution.github.io/distribution/spec/auth/token/).
"""

import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploys.settings.refusal import Complaint, Refused
from deploys.settings.registry import server_and_path
from deploys.settings.secrets import Secret

# An index of several architectures or one image; the registry says which it has.
MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)
TIME = httpx.Timeout(20, connect=5)
# Docker Hub's registry has another name than its images.
SERVERS = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


class NoAnswer(Exception):
    """The registry could not be asked."""


@dataclass(frozen=True)
class Login:
    """Who asks."""

    user: str
    password: Secret


@dataclass(frozen=True)
class Asking:
    """How registries are asked, each by the name that stands before an image."""

    logins: Mapping[str, Login] = field(default_factory=dict)
    authorities: Mapping[str, Path] = field(default_factory=dict)
    """Certificate of the authority that signed a registry's own."""
    insecure: frozenset[str] = frozenset()
    """Registries whose certificate is not asked for."""


def digest_of(reference: str, asking: Asking) -> str:
    """`sha256:…` of what the tag is now; raises Refused, or NoAnswer when nobody answers."""
    server, path = server_and_path(reference)
    name, colon, tag = path.rpartition(":")
    name, tag = (name, tag) if colon and "/" not in tag else (path, "latest")
    url = f"https://{SERVERS.get(server, server)}/v2/{name}/manifests/{tag}"
    try:
        with httpx.Client(verify=_trust(server, asking), timeout=TIME) as client:
            answer = _ask(client, reference, url, asking.logins.get(server))
    except httpx.HTTPError as error:
        raise NoAnswer(_no_answer(server, error)) from None
    return _digest(reference, answer)


def _ask(client: httpx.Client, reference: str, url: str, login: Login | None) -> httpx.Response:
    headers = {"Accept": MANIFESTS}
    answer = client.get(url, headers=headers)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        word = _authorization(client, answer.headers.get("WWW-Authenticate", ""), login)
        if word:
            answer = client.get(url, headers={**headers, "Authorization": word})
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        found = "the registry refuses this login" if login else "the registry wants a login"
        raise _refused(reference, found, "set `registry` with user and password, or mend them")
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise _refused(reference, "the registry has no such image or tag", "mend the reference")
    answer.raise_for_status()
    return answer


def _authorization(client: httpx.Client, challenge: str, login: Login | None) -> str:
    """The header's value that answers a challenge; empty when there is none to give."""
    scheme, _, rest = challenge.partition(" ")
    basic = httpx.BasicAuth(login.user, login.password.reveal()) if login else None
    if scheme.lower() == "basic" and login is not None and basic is not None:
        request = next(basic.auth_flow(httpx.Request("GET", "https://registry")))
        return str(request.headers["Authorization"])
    if scheme.lower() != "bearer":
        return ""
    words = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    asked = {key: words[key] for key in ("service", "scope") if key in words}
    realm = words.get("realm", "")
    if login is not None and not realm.startswith("https://"):
        # Whoever is on the way could read the password.
        return ""
    answer = client.get(realm, params=asked, auth=basic)
    if not answer.is_success:
        return ""
    document = answer.json()
    return f"Bearer {document.get('token') or document.get('access_token') or ''}"


def _digest(reference: str, answer: httpx.Response) -> str:
    # Computed, not believed: it is the name of these bytes.
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    said = answer.headers.get("Docker-Content-Digest", digest)
    if said != digest:
        raise _refused(reference, f"the registry says {said} and sends {digest}", "ask its owner")
    return digest


def _trust(server: str, asking: Asking) -> ssl.SSLContext | bool:
    if server in asking.insecure:
        return False
    context = ssl.create_default_context()
    if server in asking.authorities:
        context.load_verify_locations(asking.authorities[server])
    return context


def _no_answer(server: str, error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"{server} says {error.response.status_code} {error.response.reason_phrase}"
    return f"{server} cannot be asked: {error or type(error).__name__}"


def _refused(reference: str, found: str, hint: str) -> Refused:
    return Refused([Complaint(reference, "", found, hint)])
