"""One fleet of GPUs for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.e2e.planned.gpu_fleet import NAME, GpuFleet, gpu_fleet


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[GpuFleet]:
    """Surveyed, planned, rendered and applied."""
    assert nginx_image
    with gpu_fleet(tmp_path_factory.mktemp("fleet") / "homeport") as found:
        found.homeport(f"survey {NAME}")
        found.homeport(f"render {NAME}")
        found.homeport(f"apply {NAME} --no-verify")
        yield found
