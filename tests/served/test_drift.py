"""Every kind of drift, planted by hand on hosts over SSH: named with its host and what mends it."""

import re
from collections.abc import Iterator

import pytest

from deploys.operations.nvidia_choice import TOOLKIT_PACKAGES
from tests.lab.host import LabHost
from tests.lab.served import NAME, STORE, Served
from tests.operations.nvidia_archives import LIBRARIES
from tests.served.planted_drift import by_hand, load_other_revision

pytestmark = [pytest.mark.docker, pytest.mark.root]

APPLY = f"homeport apply {NAME}"
COMPOSE = f"{STORE}/current/gpu_hosts"
RUNS, INSTALLED = "580.95.05", "590.48.01"
Rows = dict[tuple[str, str], dict[str, str]]

# The beginning of a hash.
DIGEST = "^[0-9a-f]{12}$"
# (host, what) -> (pattern of what stands there instead, what mends it)
PLANTED = {
    ("gpu1", "file gpu_hosts/compose.yaml"): (DIGEST, APPLY),
    ("gpu1", "service chat-1: arguments"): ("--parallel 1", APPLY),
    ("gpu1", "service chat-1: GPUs"): (r"nvidia\.com/gpu=1", APPLY),
    ("gpu1", "daemon.json: live-restore"): ("false", APPLY),
    ("gpu1", "container stranger"): ("running", "docker rm --force stranger, on gpu1"),
    ("gpu2", "service chat-2: image"): ("elsewhere/llamacpp:1", APPLY),
    ("gpu2", "model tiny-random: tiny-random.gguf"): ("missing", APPLY),
    ("gpu2", "NVIDIA driver"): (
        re.escape(f"the kernel runs NVIDIA's module {RUNS}, the libraries are {INSTALLED}"),
        "drain its replicas and reboot the host; the kit never reboots by itself",
    ),
    ("gpu2", "NVIDIA driver: libraries"): (re.escape(INSTALLED), APPLY),
    ("gpu2", "CDI specification"): (re.escape(RUNS), APPLY),
    ("gpu2", "package nvidia-container-toolkit"): (r"1\.19\.0-1", APPLY),
    ("gpu2", "package nvidia-container-toolkit: hold"): (r"1\.19\.0-1, not held", APPLY),
    ("gate1", "file nginx/errors.conf"): (DIGEST, APPLY),
    # Of a file that is as committed.
    ("gate1", "gateway: loaded revision"): ("000000000000", APPLY),
}
FILES = {what for _, what in PLANTED if what.startswith("file ")}
# A host with an NVIDIA device lacks them, but for the one that is planted.
MISSING = {("gpu2", f"package {name}") for name in TOOLKIT_PACKAGES} - PLANTED.keys()


def _other_engine(host: LabHost) -> None:
    """Edits the file on the host, and starts the replica with it; the label stays as it was."""
    reservation = (
        "    deploy: {resources: {reservations: {devices: "
        "[{driver: cdi, device_ids: [nvidia.com/gpu=1], capabilities: [gpu]}]}}}"
    )
    by_hand(
        host,
        f'cd {COMPOSE}; sed -i \'s/--parallel, "2"/--parallel, "1"/; '
        f"s|^    init: true|&\\n{reservation}|' compose.yaml; "
        "docker compose up --detach --wait chat-1",
    )


def _other_image(host: LabHost) -> None:
    by_hand(
        host,
        f"cd {COMPOSE}; docker tag $(docker images --quiet | head -1) elsewhere/llamacpp:1; "
        'sed "s|image: .*|image: elsewhere/llamacpp:1|" compose.yaml >/tmp/other.yaml; '
        "docker compose --file /tmp/other.yaml --project-directory . up --detach --wait; "
        f"rm -r {STORE}/models/*/tiny-random.gguf",
    )


def _other_driver(host: LabHost) -> None:
    """As after an upgrade that nobody held back, before the reboot."""
    package = "Package: nvidia-container-toolkit\nVersion: 1.19.0-1\nArchitecture: all\n"
    host.run("mount -t tmpfs pci /sys/bus/pci/devices && mount -t tmpfs modules /sys/module")
    by_hand(
        host,
        "cd /sys/bus/pci/devices; mkdir gpu; echo 0x10de >gpu/vendor; echo 0x030200 >gpu/class; "
        f"mkdir /sys/module/nvidia; echo {RUNS} >/sys/module/nvidia/version; "
        f"touch {LIBRARIES}/libnvidia-ml.so.{INSTALLED}; "
        f"mkdir --parents /run/cdi; echo '# libcuda.so.{RUNS}' >/run/cdi/nvidia.yaml; "
        "mkdir --parents /tmp/stand-in/DEBIAN; cd /tmp; "
        f"printf '{package}Maintainer: nobody\\nDescription: none\\n' >stand-in/DEBIAN/control; "
        "dpkg-deb --build stand-in stand-in.deb >/dev/null; dpkg --install stand-in.deb >/dev/null",
    )


def _old_driver_again(host: LabHost) -> None:
    host.run(
        "umount /sys/bus/pci/devices /sys/module; dpkg --purge nvidia-container-toolkit; "
        f"rm -f {LIBRARIES}/libnvidia-ml.so.{INSTALLED} /run/cdi/nvidia.yaml",
        check=False,
    )


def _plant(served: Served) -> None:
    gpu1, gpu2, gate1 = map(served.host, ("gpu1", "gpu2", "gate1"))
    _other_engine(gpu1)
    by_hand(
        gpu1,
        'sed -i \'s/"live-restore": true/"live-restore": false/\' /etc/docker/daemon.json; '
        f"docker run --detach --name stranger --label homeport.environment={NAME} --entrypoint "
        "sleep $(docker images --quiet | head -1) infinity",
    )
    _other_image(gpu2)
    _other_driver(gpu2)
    load_other_revision(served)
    by_hand(
        gate1,
        f"echo '# by hand' >>{STORE}/current/nginx/errors.conf; "
        f"echo 'ana, since noon' >{STORE}/state/gateway/note",
    )


@pytest.fixture(scope="module")
def rows(served_lab: Served) -> Iterator[Rows]:
    """Everything planted at once, and what drift finds."""
    served_lab.commit(nvidia={"driver": {"version": RUNS}})
    try:
        _plant(served_lab)
        yield {(row["host"], row["what"]): row for row in served_lab.findings()}
    finally:
        _old_driver_again(served_lab.host("gpu2"))
        served_lab.host("gate1").run(f"rm -f {STORE}/state/gateway/note")
        served_lab.host("gpu1").run("docker rm --force stranger 2>/dev/null || true")
        served_lab.put_back()


@pytest.mark.parametrize("planted", PLANTED, ids=[f"{host}: {what}" for host, what in PLANTED])
def test_each_kind_is_named_with_host_and_remedy(planted: tuple[str, str], rows: Rows) -> None:
    live, remedy = PLANTED[planted]
    row = rows[planted]
    assert re.search(live, row["live"])
    assert row["live"] != row["committed"]
    assert row["remedy"] == remedy


def test_of_a_file_the_beginnings_of_both_hashes_are_told(rows: Rows) -> None:
    files = {row["what"]: row["committed"] for row in rows.values() if row["what"] in FILES}
    assert files.keys() == FILES
    assert [text for text in files.values() if not re.search(DIGEST, text)] == []


def test_nothing_else_is_found(rows: Rows) -> None:
    assert rows.keys() == PLANTED.keys() | MISSING
    assert {rows[key]["live"] for key in MISSING} == {"missing"}


def test_a_person_sees_a_table_and_every_remedy_and_2(served_lab: Served, rows: Rows) -> None:
    assert rows
    said = served_lab.homeport(f"drift {NAME}", expect=2)
    assert f"remedy for gate1, gpu1, gpu2: {APPLY}" in said
    assert "remedy for gpu2: drain its replicas and reboot the host" in said
    assert "gate1: state, not drift: note: ana, since noon" in said


def test_what_it_says_mends_all_of_it(served_lab: Served, rows: Rows) -> None:
    assert rows
    _old_driver_again(served_lab.host("gpu2"))
    by_hand(served_lab.host("gpu1"), "docker rm --force stranger")
    served_lab.commit()
    served_lab.apply()
    assert served_lab.findings() == []
    assert served_lab.chat().status_code == 200
