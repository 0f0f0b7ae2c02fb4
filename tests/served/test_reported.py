"""What `homeport verify --report` keeps of a fleet that is well, and of one with planted faults."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from checks.reports.kept import all_kept, folder
from checks.reports.words import Check, Report
from tests.lab.host import LabHost, text_file
from tests.lab.served import KEY, NAME, STORE, Served
from tests.lab.waiting import until
from tests.served.planted_drift import by_hand, load_other_revision
from tests.served.test_host_faults import WRONG_CLOCK

pytestmark = [pytest.mark.docker, pytest.mark.root]

DATE = "/usr/local/bin/date"
OURS = f"docker ps --all --quiet --filter label=homeport.environment={NAME}"
CHAT_1 = f"$({OURS} --filter name=chat-1)"
# The tiny model is done before a reader on a busy machine has looked twice.
MAY_BE_RED = {"streams arrive over time"}
# Fault -> (host, check), and what the report says of it: a cause or its evidence, and a remedy.
PLANTED = {
    "a wrong clock": (
        ("gpu1", "the clock is right"),
        r"the clock is 3[56]\d\d s ahead",
        "timedatectl set-ntp true",
    ),
    "half a model": (
        ("gpu1", "no container restarts in a loop"),
        "chat-1: a file of the model is cut off or damaged",
        f"homeport drift {NAME}",
    ),
    "a container of somebody else's": (
        ("gpu2", "only the gateway is published"),
        r"0\.0\.0\.0:9999",
        "homeport apply closes it",
    ),
    "a file changed by hand": (
        ("gate1", "the host is what was committed"),
        "file nginx/errors.conf",
        "homeport apply mends exactly these",
    ),
    "another revision loaded": (
        ("gate1", "the gateway serves the committed revision"),
        "000000000000",
        "homeport apply reloads it",
    ),
}


@dataclass(frozen=True)
class Kept:
    """A run of all checks."""

    path: Path
    report: Report

    @property
    def red(self) -> dict[tuple[str, str], Check]:
        """(host, check) -> what is wrong."""
        checks = self.report.checks
        return {
            (one.host, one.check): one
            for one in checks
            if one.is_red and one.check not in MAY_BE_RED
        }


def _begin_anew(served: Served) -> None:
    """What earlier tests did to containers is forgotten: by hand, restarts count from nothing."""
    for host in served.lab.hosts:
        host.run(f"docker restart $({OURS})")
        until(partial(_is_up, host))


def _is_up(host: LabHost) -> bool:
    return not host.run(f"{OURS} --filter health=starting")


def _verified(served: Served) -> Kept:
    """The newest that is kept, after one more run."""
    served.homeport(f"verify {NAME} --report", expect=None)
    found, complaints = all_kept(folder(served.checkout.path, NAME))
    assert complaints == []
    return Kept(*list(found.items())[-1])


def _plant(served: Served) -> None:
    gpu1, gpu2, gate1 = map(served.host, ("gpu1", "gpu2", "gate1"))
    by_hand(
        gpu1,
        # Not the only model that hosts have: earlier tests have brought others.
        f"cd $(dirname {STORE}/models/*/tiny-random.gguf); "
        "cp --preserve tiny-random.gguf /tmp/whole.gguf; "
        "cp --preserve tiny-random.gguf half; bytes=$(stat --format %s half); "
        "truncate --size=$((bytes / 2)) half; mv half tiny-random.gguf; "
        f"docker restart --time 1 {CHAT_1}",
    )
    # As many as the check takes for a loop.
    until(lambda: int(_of_chat_1(gpu1, "{{.RestartCount}}")) >= 3)
    gpu1.put({DATE: text_file(WRONG_CLOCK, 0o755)})
    by_hand(
        gpu2,
        f"docker run --detach --name stranger --label homeport.environment={NAME} "
        "--publish 0.0.0.0:9999:9999 --entrypoint sleep "
        f"$(docker inspect --format '{{{{.Image}}}}' $({OURS} --filter name=chat-2)) infinity",
    )
    load_other_revision(served)
    by_hand(gate1, f"echo '# by hand' >>{STORE}/current/nginx/errors.conf")


def _mend(served: Served) -> None:
    gpu1 = served.host("gpu1")
    gpu1.run(f"rm --force {DATE}")
    served.host("gpu2").run("docker rm --force stranger 2>/dev/null || true")
    gpu1.run(f"[ ! -e /tmp/whole.gguf ] || mv /tmp/whole.gguf {STORE}/models/*/tiny-random.gguf")
    _begin_anew(served)
    served.put_back()


def _of_chat_1(gpu1: LabHost, shown: str) -> str:
    return gpu1.run(f"docker inspect --format '{shown}' {CHAT_1}")


@pytest.fixture(scope="module")
def runs(served_lab: Served) -> Iterator[tuple[Kept, Kept]]:
    """Of the fleet as it was applied, and of the same with all faults at once."""
    _begin_anew(served_lab)
    well = _verified(served_lab)
    try:
        _plant(served_lab)
        yield well, _verified(served_lab)
    finally:
        _mend(served_lab)


def test_a_fleet_that_is_well_is_told_whole_and_green(
    runs: tuple[Kept, Kept], figure: Callable[[str], None]
) -> None:
    well, _ = runs
    assert well.red == {}
    checks = well.report.checks
    figure(f"a fleet that is well: {sum(not one.is_red for one in checks)} of {len(checks)} checks")
    assert {one.name for one in well.report.hosts} == {"gpu1", "gpu2", "gate1"}
    replicas = [replica.name for host in well.report.hosts for replica in host.replicas]
    assert replicas == ["chat-1", "chat-2"]
    assert "none of its" in well.path.with_suffix(".html").read_text()


@pytest.mark.parametrize("fault", PLANTED)
def test_each_fault_is_found_and_explained(
    runs: tuple[Kept, Kept], fault: str, figure: Callable[[str], None]
) -> None:
    _, broken = runs
    named, words, remedy = PLANTED[fault]
    findings = broken.red[named].findings
    told = "\n".join(line for one in findings for line in (one.cause, *one.evidence))
    assert re.search(words, told), told
    remedies = [line for one in findings for line in one.remedies]
    assert any(remedy in line for line in remedies), remedies
    page = broken.path.with_suffix(".html").read_text()
    assert re.search(words, page)
    shown = [line for line in told.splitlines() if re.search(words, line)]
    figure(f"planted, {fault}: {': '.join(named)}: {shown[0]} -> {'; '.join(remedies)}")


def test_a_comparison_says_that_they_became_red_and_ends_with_5(
    served_lab: Served, runs: tuple[Kept, Kept]
) -> None:
    well, broken = runs
    told = served_lab.homeport(f"report compare {well.path} {broken.path}", expect=5)
    became = told.partition("became red: ")[2].partition("became green")[0]
    for (_, check), _, _ in PLANTED.values():
        assert f": {check} (" in became
    back = served_lab.homeport(f"report compare {broken.path} {well.path}", expect=None)
    green = back.partition("became green: ")[2]
    assert "the clock is right (gpu1): passed" in green


def test_nobody_finds_a_key_in_what_is_kept(runs: tuple[Kept, Kept]) -> None:
    for run in runs:
        files = [run.path.with_suffix(ending) for ending in (".json", ".html", ".xml")]
        assert [file.name for file in files if KEY in file.read_text()] == []
