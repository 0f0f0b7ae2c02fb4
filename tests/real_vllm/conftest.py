"""The fleet on the real vLLM, made once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.lab.machine import Missing
from tests.lab.served import Served
from tests.lab.vllm_fleet import vllm_fleet


@pytest.fixture(scope="package")
def on_vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Hosts gpu1, gpu2 and gate1; skipped where this machine's pip finds no torch for CPUs."""
    try:
        with vllm_fleet(tmp_path_factory.mktemp("vllm") / "homeport") as found:
            yield found
    except Missing as missing:
        pytest.skip(str(missing))
