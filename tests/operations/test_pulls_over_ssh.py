"""Images from a private registry with a login, on hosts over SSH: by digest, before a stop."""

import re
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.lab import keys
from tests.lab.certificates import not_yet_valid_certificate
from tests.lab.registry import Registry
from tests.operations.pull_lab import LARGE_MIB, LEFT, apply, nothing_was_stopped, on_each
from tests.operations.store_lab import StoreLab

pytestmark = [pytest.mark.docker, pytest.mark.root]


def test_hosts_pull_by_digest_with_a_login_that_does_not_stay(
    pullers: StoreLab, large_image: str
) -> None:
    before = on_each(pullers, LEFT)
    run = apply(pullers, large_image)
    assert run.exit_code == ExitCode.DONE
    assert [name.rpartition(" | ")[2] for name in run.changed] == [
        "Pull the image large",
        "Stop a replica",
    ]
    assert on_each(pullers, f"docker image inspect --format ok {large_image}") == {"ok"}
    assert on_each(pullers, LEFT) == before
    assert apply(pullers, large_image).changed == ["Stop a replica"]


def test_a_wrong_password_is_told_and_nothing_is_stopped(
    pullers: StoreLab,
    large_image: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", "another-password")
    assert apply(pullers, large_image).exit_code == ExitCode.OPERATION_FAILED
    said = capfd.readouterr().err
    assert f"error: {large_image}: {large_image.partition('/')[0]} refuses the login" in said
    assert "another-password" not in said
    assert nothing_was_stopped(pullers)


def test_a_digest_that_is_gone_is_told_and_nothing_is_stopped(
    pullers: StoreLab, large_image: str, capfd: pytest.CaptureFixture[str]
) -> None:
    gone = f"{large_image.partition('@')[0]}@sha256:{'0' * 64}"
    assert apply(pullers, gone).exit_code == ExitCode.OPERATION_FAILED
    assert "has no such image any more" in capfd.readouterr().err
    assert nothing_was_stopped(pullers)


def test_a_registry_that_is_down_is_told_and_nothing_is_stopped(
    pullers: StoreLab,
    large_image: str,
    locked_registry: Registry,
    capfd: pytest.CaptureFixture[str],
) -> None:
    locked_registry.stop()
    try:
        assert apply(pullers, large_image).exit_code == ExitCode.OPERATION_FAILED
    finally:
        locked_registry.start()
    assert f"{locked_registry.address} gave no image" in capfd.readouterr().err
    assert nothing_was_stopped(pullers)


def test_a_host_whose_clock_is_behind_the_registrys_certificate_is_told_its_time(
    pullers: StoreLab,
    large_image: str,
    locked_registry: Registry,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """For the certificate it is the same whether the clock is behind or the certificate ahead."""
    with locked_registry.certified_by(
        *not_yet_valid_certificate(keys.folder(pullers.lab.name), "registry")
    ):
        assert apply(pullers, large_image).exit_code == ExitCode.OPERATION_FAILED
    said = capfd.readouterr().err
    assert f"the certificate of {locked_registry.address} does not hold at 2" in said
    assert "hint: set the clock of the host" in said
    assert nothing_was_stopped(pullers)


def test_a_disk_that_fills_up_is_told_and_the_next_run_pulls(
    pullers: StoreLab, large_image: str, capfd: pytest.CaptureFixture[str]
) -> None:
    gpu2 = pullers.host("gpu2")
    gpu2.run(
        "systemctl stop docker.socket docker; "
        "mount -t tmpfs -o size=20m tmpfs /var/lib/docker; systemctl start docker"
    )
    try:
        assert apply(pullers, large_image).exit_code == ExitCode.OPERATION_FAILED
        assert gpu2.run("docker image ls --quiet; docker ps --all --quiet") == ""
    finally:
        gpu2.run(
            "systemctl stop docker.socket docker; umount /var/lib/docker; systemctl start docker"
        )
    said = capfd.readouterr().err
    free = r"\d+ MiB are free below /var/lib/docker"
    told = f"the disk filled up: its layers are {LARGE_MIB + 1} MiB packed, more unpacked; {free}\n"
    assert re.search(f"error: {large_image}: {told}", said)
    assert nothing_was_stopped(pullers)
    assert apply(pullers, large_image).exit_code == ExitCode.DONE


def test_images_and_models_come_before_anything_is_switched() -> None:
    site = (Path(__file__).parents[2] / "deploys" / "site.py").read_text()
    order = [site.index(f'"deploys/{name}.py"') for name in ("images", "models", "releases")]
    assert order == sorted(order)
    assert order[-1] < site.index('"deploys/engines.py"')
