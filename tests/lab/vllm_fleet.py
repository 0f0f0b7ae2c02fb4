"""Two hosts with GPUs that are fakes, on which the real vLLM serves tiny models; a gateway.

All that runs comes from the lab's registry by digest. One `homeport apply` over SSH has made it
serve: what a site with vLLM would write, but for an image that computes on the processor.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploys.catalogue.digest import sha256_of
from tests.e2e.checkout import make_checkout
from tests.lab.gpus import Gpu
from tests.lab.kit_images import kit_images
from tests.lab.lab import Lab, fleet, running_lab
from tests.lab.machine import ROOT
from tests.lab.served import NAME, Served, pushed_images, write_environment
from tests.lab.vllm_image import vllm_image, vllm_version
from tests.lab.vllm_models import ADAPTER_RANK, write_adapter, write_embedder, write_talker
from tests.lab.vllm_seer import write_seer

CONTEXT_TOKENS = 1024
# A busy machine gives 17 tokens a second, and what is to end in time may have a whole context.
SHUTDOWN_SECONDS = 240
WORDS = {
    "engine": "vllm", "context_tokens": CONTEXT_TOKENS, "slots": 4, "batch_tokens": 2048,
    "steady_seconds": 2,
    # See tests/lab/served.py.
    "threads": 1,
}  # fmt: skip
# No compiler is in the image, and who may not raise limits has fewer files than the kit's default.
OWN: Mapping[str, object] = {
    "eager": True,
    "open_files": 16_384,
    "shutdown_seconds": SHUTDOWN_SECONDS,
}
ADAPTER = "support"
CHAT: Mapping[str, object] = {
    **WORDS,
    "model": "tiny-talker",
    "hosts": ["gpu1"],
    "vllm": {**OWN, "tool_parser": "hermes", "adapters": [ADAPTER]},
}
VECTORS: Mapping[str, object] = {
    **WORDS,
    "model": "tiny-embedder",
    "kind": "embeddings",
    "hosts": ["gpu2"],
    "vllm": OWN,
}
SEEING: Mapping[str, object] = {
    **WORDS,
    "model": "tiny-seer",
    "hosts": ["gpu2"],
    "image_limits": {"per_request": 2, "megapixels": 1},
    "vllm": OWN,
}
# The processors of both hosts share each layer. vLLM's build for them cannot divide the layers.
JOINED: Mapping[str, object] = {
    **WORDS,
    "model": "tiny-talker",
    "hosts_per_replica": 2,
    "split_over_hosts": "tensors",
    "gpus": 1,
    "vllm": OWN,
}


@contextmanager
def vllm_fleet(folder: Path) -> Iterator[Served]:
    """For as long as tests need it; `folder` gets the checkout, and the models beside it."""
    image = vllm_image()
    hosts = fleet(gpus=(Gpu("h100"), Gpu("h100")), image="docker")
    with running_lab("vllm", hosts, registry=True) as lab:
        yield _served(lab, folder, image)


def _served(lab: Lab, folder: Path, image: str) -> Served:
    assert lab.registry is not None
    checkout = make_checkout(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    images = pushed_images(lab.registry, images={**kit_images(), "vllm": image})
    # A tag beside the digest says the version, which a digest does not.
    images["vllm"] = images["vllm"].replace("@", f":v{vllm_version()}@")
    served = Served(lab, checkout, images)
    for write in (write_embedder, write_seer, write_talker):
        model = write(folder.parent / write.__name__.replace("write_", "tiny-"))
        served.homeport(f"models add {model}")
    _list_adapter(folder / "inventories" / "models.yaml", write_adapter(folder.parent / ADAPTER))
    commit(served)
    first_apply = served.apply()
    return Served(lab, checkout, images, first_apply)


def _list_adapter(catalogue: Path, folder: Path) -> None:
    """As a person would write it, below the entry that came last; YAML reads JSON."""
    files = [
        {"name": path.name, "size_bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
    ]
    words = {"source": f"file:{folder}/", "licence": "x", "rank": ADAPTER_RANK, "files": files}
    text = f"    adapters: {json.dumps({ADAPTER: words})}\n"
    catalogue.write_text(catalogue.read_text() + text)


def commit(served: Served, **words: Any) -> None:  # noqa: ANN401 - group data
    """Renders the environment, with other group data where a test says so."""
    pools = {"chat": CHAT, "vectors": VECTORS}
    root = served.checkout.path
    write_environment(root, served.lab, served.images, {"pools": pools, **words})
    served.homeport(f"survey {NAME}")
    served.homeport(f"render {NAME}")
