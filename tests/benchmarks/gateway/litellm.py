"""LiteLLM's proxy, from PyPI into a virtual environment of its own: it is no dependency."""

import os
import sys

from tests.benchmarks.gateway import network
from tests.benchmarks.own_environment import BENCH, installed
from tests.lab.images import image

VERSION = "1.106.2"
VENV = BENCH / f"litellm-{VERSION}"
PORT = 4000
# It would ask for tokenizers and prices outside, and wait for them where there is no way out.
_OFFLINE = ("HF_HUB_OFFLINE=1", "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_TELEMETRY=False")
_QUIET = ("LITELLM_MODE=PRODUCTION", "LITELLM_LOG=ERROR", "HOME=/tmp", "PYTHONDONTWRITEBYTECODE=1")


def start(key: str, workers: int) -> None:
    """In a container, so that its processor time and memory are known as the others' are.

    This machine's own Python runs in it, from where it lies here.
    """
    program = installed(VENV, f"litellm[proxy]=={VERSION}", "litellm")
    words = [f"--env={word}" for word in (*_OFFLINE, *_QUIET, f"BENCH_KEY={key}")]
    places = dict.fromkeys(("/usr", sys.base_prefix, str(VENV)))
    mounted = [f"--volume={place}:{place}:ro" for place in places]
    confined = ["--read-only", "--tmpfs=/tmp", f"--user={os.getuid()}:{os.getgid()}"]
    configuration = f"--volume={network.CONTAINERS}:{network.INSIDE}:ro"
    command = ["--config", f"{network.INSIDE}/litellm.yaml", "--num_workers", str(workers)]
    network.start(
        "litellm", *words, *mounted, *confined, configuration, f"--entrypoint={program}",
        image("debian"), *command, "--host", "0.0.0.0", "--port", str(PORT),  # noqa: S104
    )  # fmt: skip
