"""The private registry of a site: whose name stands before images, and how hosts log in there."""

from typing import Annotated

from pydantic import StringConstraints, model_validator

from deploys.settings.client import SecretReference
from deploys.settings.words import Frozen

# As it stands before an image's name: `registry.example:5000`, `registry.example/mirror`.
Prefix = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._-]*)*$"
    ),
]
User = Annotated[str, StringConstraints(pattern=r"^[^\s:\x00-\x1f]{1,255}$")]
# Whose names the prefix replaces: the registries of official images. One that a site names itself
# stays as it is written.
PUBLIC = ("docker.io", "index.docker.io", "registry-1.docker.io", "ghcr.io", "quay.io", "nvcr.io")


class Registry(Frozen):
    """A registry that holds copies of the official images."""

    prefix: Prefix
    """`docker.io/library/nginx:1.30` becomes PREFIX/library/nginx:1.30."""
    user: User | None = None
    password: SecretReference | None = None

    @model_validator(mode="after")
    def _login_is_whole(self) -> "Registry":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password together, or neither")
        return self

    @property
    def server(self) -> str:
        """What Docker logs in to: `registry.example:5000`."""
        return self.prefix.partition("/")[0]


def server_and_path(reference: str) -> tuple[str, str]:
    """`nginx:1.30` -> (`docker.io`, `library/nginx:1.30`), by Docker's own rule.

    https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed
    """
    first, slash, rest = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        server, path = first, rest
    else:
        server, path = "docker.io", reference
    official = server == "docker.io" and "/" not in path
    return server, f"library/{path}" if official else path


def mirrored(reference: str, registry: Registry | None) -> str:
    """The image's name in the site's own registry, if there is one and it holds such copies."""
    server, path = server_and_path(reference)
    return f"{registry.prefix}/{path}" if registry and server in PUBLIC else reference
