"""Which image a service runs: one pulled by reference, or one built on the host.

`llamacpp` and `localai` serve from RAM, `llamacpp_cuda` and `localai_cuda` from GPUs; defaults:
deploys/render/image_tags.py.
"""

from typing import Annotated, Literal

from pydantic import StringConstraints

from deploys.settings.words import Frozen

ImageName = Literal[
    "llamacpp",
    "llamacpp_cuda",
    "localai",
    "localai_cuda",
    "vllm",
    "nginx",
    "acme",
    "postgresql",
    "prometheus",
    "alertmanager",
    "blackbox",
    "grafana",
    "node_exporter",
    "dcgm_exporter",
]


class Image(Frozen):
    """Without a reference: the official image, or one built from deploys/images/ on each host."""

    reference: (
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-zA-Z0-9._/:@-]{0,254}$")] | None
    ) = None
