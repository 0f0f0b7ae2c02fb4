"""One kind of drift by itself, planted over SSH: nothing else is found, and an apply mends it."""

import re

import pytest

from tests.lab.served import Served
from tests.served.planted_drift import by_hand, load_other_revision

pytestmark = [pytest.mark.docker, pytest.mark.root]

REPLICA = "$(docker ps --quiet --filter label=homeport.pool)"


def _found(served: Served) -> dict[str, str]:
    """`HOST: WHAT` -> what stands there."""
    return {f"{row['host']}: {row['what']}": row["live"] for row in served.findings()}


def _is_mended(served: Served) -> None:
    served.apply()
    assert served.findings() == []
    assert served.chat().status_code == 200


def test_what_nginx_has_loaded_is_looked_at_and_not_only_its_files(served: Served) -> None:
    load_other_revision(served)
    assert _found(served) == {"gate1: gateway: loaded revision": "000000000000"}
    _is_mended(served)


def test_a_container_that_was_stopped_and_one_that_was_removed_are_found(served: Served) -> None:
    by_hand(served.host("gpu1"), f"docker stop --time 5 {REPLICA}")
    by_hand(served.host("gpu2"), f"docker rm --force {REPLICA}")
    found = _found(served)
    assert found.keys() == {"gpu1: service chat-1", "gpu2: service chat-2"}
    assert re.fullmatch(r"exited \(exit code \d+\)", found["gpu1: service chat-1"])
    assert found["gpu2: service chat-2"] == "missing"
    _is_mended(served)


def test_an_image_that_is_gone_under_its_name_is_found_while_its_container_runs(
    served: Served,
) -> None:
    """By digest no name can have other bytes; it can have none, as after a careless prune."""
    gpu1, reference = served.host("gpu1"), served.images["llamacpp"]
    runs = gpu1.run(f"docker inspect --format '{{{{.Image}}}}' {REPLICA}")
    by_hand(gpu1, f"docker tag {reference} kept:1; docker image rm {reference}")
    try:
        (row,) = served.findings()
        assert row["what"] == f"service chat-1: image {reference}"
        assert (row["committed"], row["live"]) == ("gone", runs.removeprefix("sha256:")[:12])
        _is_mended(served)
    finally:
        gpu1.run("docker image rm kept:1")
