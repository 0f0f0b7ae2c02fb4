"""What one request of a pool that sees may bring to look at."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from deploys.settings.words import Frozen, as_tuple

# A name as a URL has it; whole names are compared.
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


class ImageLimits(Frozen):
    """Judged by the gateway, before an engine decodes anything: a file of some kilobytes may hold
    more pixels than a host has memory for."""

    per_request: Annotated[int, Field(ge=1, le=999)] = 4
    """Images in one request; each takes its part of `context_tokens`."""
    megapixels: Annotated[int, Field(ge=1, le=1000)] = 16
    """Of one image, times 10^6. An engine scales it down to what the model sees, but decodes all
    of it first: three bytes a pixel. 16: what most telephones take."""
    domains: Annotated[tuple[Domain, ...], BeforeValidator(as_tuple)] = ()
    """Hosts from which an engine may fetch what a request names by URL; none: only what the request
    itself holds (`data:`). llama-server follows redirects, so a host here is trusted with them."""
