"""Long transfers to hosts over SSH: killed, cut, wrong, and told while they go on."""

import hashlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploys.catalogue.store import store_folder
from deploys.cli.exit_codes import ExitCode
from tests.catalogue.file_server import FileServer
from tests.lab.machine import docker
from tests.lab.registry import Registry
from tests.lab.waiting import until
from tests.operations.committed_release import model_copy
from tests.operations.killed_run import killed, started
from tests.operations.pull_lab import LEFT, apply, commit, nothing_was_stopped, on_each
from tests.operations.store_lab import STORE, StoreLab, outside, several_files

pytestmark = [pytest.mark.docker, pytest.mark.root]

MIB = 2**20
CUT_BYTES = MIB // 2
SMALL = b'{"a": "configuration"}'
WEIGHTS = hashlib.shake_256(b"weights").digest(2 * MIB)
CONTENTS = {"config.json": SMALL, "weights.bin": WEIGHTS}
# Three pieces of an upload.
LARGE = hashlib.shake_256(b"a model of three pieces").digest(40 * MIB)


def _process(registry: Registry) -> int:
    """By which it can be stopped at once: Docker's own words take longer than a pull."""
    return int(docker("inspect", "--format", "{{.State.Pid}}", registry.container))


@contextmanager
def _standing_still(process: int) -> Iterator[None]:
    """A registry that sends nothing more; connections stay."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@contextmanager
def _slow(registry: Registry) -> Iterator[None]:
    """A registry with a fiftieth of a processor, so that the image takes it seconds."""
    docker("update", "--cpu-quota", "2000", registry.container)
    try:
        yield
    finally:
        docker("update", "--cpu-quota", "-1", registry.container)


def _arriving(pullers: StoreLab) -> list[Path]:
    """Where each host's Docker keeps what it has of an image, below the host's volume."""
    ask = ("volume", "inspect", "--format", "{{.Mountpoint}}")
    return [Path(docker(*ask, f"{host.container}-docker"), "tmp") for host in pullers.lab.hosts]


def _some_came(folder: Path) -> bool:
    return any(blob.stat().st_size for blob in folder.glob("GetImageBlob*"))


def test_a_controller_that_is_killed_during_a_pull_leaves_no_login_and_the_next_run_pulls(
    pullers: StoreLab, large_image: str, locked_registry: Registry
) -> None:
    before = on_each(pullers, LEFT)
    commit(pullers, large_image)
    arriving, process = _arriving(pullers), _process(locked_registry)
    with _slow(locked_registry):
        run = started(pullers.root, "site.py")
        # On all hosts at once.
        until(lambda: all(map(_some_came, arriving)))
        with _standing_still(process):
            assert all(map(_some_came, arriving))
            assert all("/secrets/registry." in host.run(LEFT) for host in pullers.lab.hosts)
            killed(run)
            assert nothing_was_stopped(pullers)
            there = f"docker image inspect {large_image} >/dev/null 2>&1 || echo no"
            assert on_each(pullers, there) == {"no"}
    # At once: what the killed run has left on the hosts still pulls.
    assert apply(pullers, large_image).exit_code == ExitCode.DONE
    assert on_each(pullers, f"docker image inspect --format ok {large_image}") == {"ok"}
    until(lambda: on_each(pullers, LEFT) == before)


@contextmanager
def _gone_after_a_cut(stores: StoreLab) -> Iterator[FileServer]:
    """A server of both files that breaks the large one off, and then says that there is none."""
    with outside(
        stores.lab, b"", others={f"/m/{name}": text for name, text in CONTENTS.items()},
        # The first of the cuts is none: its answer is shorter.
        cut_after_bytes=CUT_BYTES, cuts_left=2, status_once_cut=410,
    ) as server:  # fmt: skip
        yield server


def test_of_several_files_nothing_is_visible_before_the_last_is_right(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    with _gone_after_a_cut(stores) as server:
        model = several_files("m", server.url.replace("/model.gguf", "/m/"), CONTENTS)
        stores.commit([model], "gpu1")
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
        assert "weights.bin: the server says 410" in capfd.readouterr().err
        assert stores.visible("gpu1") == []
        server.status = None
        server.others["/m/weights.bin"] = WEIGHTS[::-1]
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
        assert stores.visible("gpu1") == []
        _both_sums(capfd.readouterr().err)
        server.others["/m/weights.bin"] = WEIGHTS
        assert stores.apply().exit_code == ExitCode.DONE
    folder = store_folder(model.files)
    names = ("", "/config.json", "/weights.bin")
    assert stores.visible("gpu1") == [f"./{folder}{name}" for name in names]
    assert server.paths.count("/m/config.json") == 1
    # Went on after the cut, and began anew after the wrong one.
    assert [asked for asked in server.asked if asked] == [f"bytes={CUT_BYTES}-"] * 2


def _both_sums(said: str) -> None:
    mixed = WEIGHTS[:CUT_BYTES] + WEIGHTS[::-1][CUT_BYTES:]
    size = f"({len(WEIGHTS)} bytes)"
    found, wanted = (hashlib.sha256(one).hexdigest() for one in (mixed, WEIGHTS))
    assert f"error: weights.bin has sha256 {found} {size}, not {wanted} {size}" in said


def test_an_upload_says_how_far_it_is(stores: StoreLab, capfd: pytest.CaptureFixture[str]) -> None:
    file = stores.root / "model.gguf"
    file.write_bytes(LARGE)
    stores.commit([model_copy(LARGE, f"file:{file}")], "gpu1")
    assert stores.apply().exit_code == ExitCode.DONE
    said = capfd.readouterr().err
    places = [said.index(f"model.gguf: {part} % of 40.0 MiB from here") for part in (40, 80, 100)]
    assert places == sorted(places)
    assert stores.host("gpu1").run(f"ls {STORE}/*/model.gguf") != ""
