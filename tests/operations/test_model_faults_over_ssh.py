"""What may happen to a model on its way to a host over SSH: what is said, and nothing is lost."""

import hashlib

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.lab.waiting import LONGEST_SECONDS, until
from tests.operations.committed_release import model_copy
from tests.operations.killed_run import killed, started
from tests.operations.store_lab import STORE, StoreLab, outside

pytestmark = [pytest.mark.docker, pytest.mark.root]

MIB = 2**20
CONTENT = hashlib.shake_256(b"a model with faults").digest(4 * MIB)
# Two pieces of an upload.
LARGE = hashlib.shake_256(b"a large model").digest(20 * MIB)


def arrived(stores: StoreLab, content: bytes) -> str:
    """`INODE BYTES` of what has come of a file to gpu1; empty before anything has."""
    path = f"{STORE}/.incoming/{hashlib.sha256(content).hexdigest()}"
    return stores.host("gpu1").run(f"stat --format '%i %s' {path} 2>&- || true")


def inode(stores: StoreLab, content: bytes) -> str:
    """Of the model's file once it is placed; fails unless its bytes are right."""
    digest = hashlib.sha256(content).hexdigest()
    path = f"{STORE}/{digest}/model.gguf"
    found, number = (
        stores.host("gpu1").run(f"sha256sum <{path}; stat --format %i {path}").split("\n")
    )
    assert found.split()[0] == digest
    return number


def test_a_source_that_is_cut_half_way_is_asked_for_the_rest_alone(stores: StoreLab) -> None:
    with outside(stores.lab, CONTENT, cut_after_bytes=3 * MIB, cuts_left=1) as server:
        stores.commit([model_copy(CONTENT, server.url)], "gpu1")
        assert stores.apply().exit_code == ExitCode.DONE
    assert server.asked == ["", f"bytes={3 * MIB}-"]
    assert server.sent_bytes == len(CONTENT)
    assert inode(stores, CONTENT)


def test_a_controller_that_is_killed_during_a_download_loses_nothing(stores: StoreLab) -> None:
    with outside(stores.lab, CONTENT, pause_seconds=0.5) as server:
        stores.commit([model_copy(CONTENT, server.url)], "gpu1", "gpu2")
        run = started(stores.root, "deploys/models.py")
        until(lambda: server.sent_bytes > MIB)
        killed(run)
        assert stores.visible("gpu1") == stores.visible("gpu2") == []
        assert stores.apply().exit_code == ExitCode.DONE
    assert server.sent_bytes == len(CONTENT)
    assert inode(stores, CONTENT)


def test_an_upload_goes_on_where_the_connection_was_cut(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    file = stores.root / "model.gguf"
    file.write_bytes(LARGE)
    stores.commit([model_copy(LARGE, f"file:{file}")], "gpu1")
    run = started(stores.root, "deploys/models.py")
    until(lambda: arrived(stores, LARGE))
    stores.host("gpu1").run("pkill -KILL -u operator sshd", check=False)
    said = run.communicate(timeout=LONGEST_SECONDS)[0]
    assert run.returncode == 1
    assert "Traceback" not in said
    number, size = arrived(stores, LARGE).split()
    assert 0 < int(size) < len(LARGE)
    assert stores.visible("gpu1") == []
    assert stores.apply().exit_code == ExitCode.DONE
    assert inode(stores, LARGE) == number
    assert "model.gguf: 100 % of 20.0 MiB from here" in capfd.readouterr().err


def test_a_wrong_checksum_is_told_and_thrown_away(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    with outside(stores.lab, CONTENT) as server:
        stores.commit([model_copy(CONTENT, server.url, sha256="0" * 64)], "gpu1", "gpu2")
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
    found = f"{hashlib.sha256(CONTENT).hexdigest()} ({len(CONTENT)} bytes)"
    wanted = f"{'0' * 64} ({len(CONTENT)} bytes)"
    assert f"error: model.gguf has sha256 {found}, not {wanted}" in capfd.readouterr().err
    assert stores.visible("gpu1") == stores.visible("gpu2") == []
    assert server.asked == [""]


def test_a_disk_that_is_too_small_is_refused_before_anything_is_fetched_on_any_host(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    stores.host("gpu2").run(f"mkdir -p {STORE}; mount -t tmpfs -o size=6m tmpfs {STORE}")
    other = model_copy(CONTENT[::-1], "").files[0]
    with outside(stores.lab, CONTENT) as server:
        one = model_copy(CONTENT, server.url)
        two = one.model_copy(update={"name": "another", "files": (other,)})
        stores.commit([one, two], "gpu1", "gpu2")
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
        assert stores.apply("preflight.py").exit_code == ExitCode.REFUSED
    said = f"error: models need 8 MiB more below {STORE}, and 6 MiB are free there"
    assert said in capfd.readouterr().err
    assert server.asked == []
    assert stores.visible("gpu1") == stores.visible("gpu2") == []


@pytest.mark.parametrize(("content", "size_mib"), [(CONTENT, 6), (LARGE, 24)])
def test_a_disk_that_fills_up_on_the_way_keeps_what_arrived_for_the_next_run(
    stores: StoreLab, content: bytes, size_mib: int, capfd: pytest.CaptureFixture[str]
) -> None:
    gpu1 = stores.host("gpu1")
    gpu1.run(f"mkdir -p {STORE}; mount -t tmpfs -o size={size_mib}m tmpfs {STORE}")
    stores.fill_when_something_comes("gpu1")
    file = stores.root / "model.gguf"
    file.write_bytes(content)
    with outside(stores.lab, content, pause_seconds=0.1) as server:
        source = server.url if content is CONTENT else f"file:{file}"
        stores.commit([model_copy(content, source)], "gpu1")
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
        assert "model.gguf could not be written to" in capfd.readouterr().err
        assert stores.visible("gpu1") == ["./filler"]
        number, size = arrived(stores, content).split()
        assert 0 < int(size) < len(content)
        gpu1.run(f"rm {STORE}/filler")
        assert stores.apply().exit_code == ExitCode.DONE
    assert inode(stores, content) == number
    assert server.asked == (["", f"bytes={size}-"] if content is CONTENT else [])


def test_a_host_whose_clock_is_behind_a_certificate_is_told_its_time(
    stores: StoreLab, capfd: pytest.CaptureFixture[str]
) -> None:
    """For the certificate it is the same whether the clock is behind or the certificate ahead."""
    stores.trust_the_lab()
    with outside(stores.lab, CONTENT, tls=True, valid=False) as server:
        stores.commit([model_copy(CONTENT, server.url)], "gpu1")
        assert stores.apply().exit_code == ExitCode.OPERATION_FAILED
    said = capfd.readouterr().err
    assert "is not believed; this host's clock says 2" in said
    assert "hint: set its clock" in said
