"""Where models of a hub come from: the hub itself, or a mirror of it."""

from typing import Annotated

from pydantic import StringConstraints, model_validator

from deploys.catalogue.store import DEFAULT_ENDPOINT
from deploys.settings.client import SecretReference
from deploys.settings.words import Frozen

Endpoint = Annotated[str, StringConstraints(pattern=r"^https?://[^\s'\"@?#]+$")]


class Hub(Frozen):
    """A hub in the style of Hugging Face, as hosts reach it."""

    endpoint: Endpoint = DEFAULT_ENDPOINT
    """Files lie at ENDPOINT/OWNER/NAME/resolve/REVISION/FILE."""
    token: SecretReference | None = None
    """For models that are not open to everybody; sent to the endpoint alone, never to where it
    redirects."""

    @model_validator(mode="after")
    def _token_is_not_shown_on_the_way(self) -> "Hub":
        if self.token is not None and not self.endpoint.startswith("https://"):
            raise ValueError("an https:// endpoint: anybody on the way could read the token")
        return self
