"""Which image a service runs: one pulled by reference, or one built on the host."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from deploys.settings.words import Frozen

ImageName = Literal["llamacpp", "nginx"]


class Image(Frozen):
    """Without a reference the image is built from deploys/images/<name>/ on each host."""

    reference: (
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-zA-Z0-9._/:@-]{0,254}$")] | None
    ) = None
