"""A gateway's log: files that nginx begins anew, read from a real Docker and a real folder."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from checks.probes.gateway_log import access_log, log_begin
from checks.probes.host import Unreachable
from checks.traffic.summary import Traffic
from deploys.questions.gateway_log import FOLDER, lines_since
from deploys.settings.inventory import InventoryHost
from tests.e2e.gateway_lab import Lab, docker, gateway_arguments, published, wait_until_it_serves
from tests.lab.waiting import until
from tests.render.gateway_files import composed
from tests.render.plans import small_plan

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

LOG = Path(__file__).resolve().parents[2] / "checks" / "traffic" / "access.log"
HERE = InventoryHost("here", "@local", ("gateways",), {})
BEFORE_ALL = "0"
FULL_BYTES = 6000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log in an old file and the current one."""
    made = tmp_path_factory.mktemp("log")
    made.chmod(0o755)
    lines = LOG.read_text().splitlines(keepends=True)
    (made / "access-1764000000.log").write_text("".join(lines[:10]))
    (made / "access.log").write_text("".join(lines[10:]))
    return made


@pytest.fixture(scope="module")
def project(nginx_image: str, folder: Path) -> Iterator[str]:
    """A Compose project whose nginx has that log, and complained a moment ago."""
    name = f"hpl-{os.getpid()}"
    labels = [f"--label=com.docker.compose.{word}" for word in (f"project={name}", "service=nginx")]
    docker(
        "run", "--detach", f"--name={name}", *labels, f"--volume={folder}:{FOLDER}:ro",
        "--entrypoint=sh", nginx_image, "-c", "echo '[error] upstream' >&2; exec sleep 300",
    )  # fmt: skip
    yield name
    docker("rm", "--force", name)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def test_all_of_the_access_log_comes_and_nothing_of_the_error_log(project: str) -> None:
    assert list(access_log(HERE, project, BEFORE_ALL)) == lines_of(LOG)


def test_what_nginx_complained_about_comes_before_it_on_request(project: str) -> None:
    lines = list(access_log(HERE, project, BEFORE_ALL, with_errors=True))
    assert lines == ["[error] upstream\n", *lines_of(LOG)]


def test_what_is_older_than_asked_for_does_not_come(project: str) -> None:
    assert list(access_log(HERE, project, "1s")) == []
    times = [datetime.fromisoformat(json.loads(line)["time"]) for line in lines_of(LOG)]
    moment = times[12].timestamp()
    later = [line for line, time in zip(lines_of(LOG), times, strict=True) if time >= times[12]]
    assert list(access_log(HERE, project, f"{moment + 0.5}")) == later


def test_who_may_not_read_the_files_reads_them_from_within_the_container(project: str) -> None:
    hidden = lines_since(project, BEFORE_ALL, with_errors=False).replace("[ -x ", "[ -x /none/")
    done = subprocess.run(["sh", "-c", hidden], capture_output=True, text=True, check=True)
    assert done.stdout == LOG.read_text()


def test_it_begins_with_its_oldest_line(project: str) -> None:
    oldest = json.loads(lines_of(LOG)[0])["time"]
    assert log_begin(HERE, project) == datetime.fromisoformat(oldest)


def test_the_log_is_summed_up_as_it_comes(project: str) -> None:
    found = Traffic()
    found.read(access_log(HERE, project, BEFORE_ALL), {})
    assert (found.all.requests, found.other_lines) == (27, 0)


def test_a_project_without_a_gateway_is_told(project: str) -> None:
    with pytest.raises(Unreachable, match="there is no gateway's container"):
        list(access_log(HERE, f"{project}-other", "60s"))


@pytest.fixture
def kept(started_lab: Lab, nginx_image: str) -> Iterator[Lab]:
    """The gateway once more as its Compose file starts it, with small files."""
    nginx = yaml.safe_load(composed(small_plan())["gateways/compose.yaml"])["services"]["nginx"]
    script, full = re.subn(r"-ge \d+", f"-ge {FULL_BYTES}", nginx["command"][0].replace("$$", "$"))
    assert (nginx["entrypoint"], full) == (["sh", "-c"], 1)
    name = f"{started_lab.name}-kept"
    arguments = gateway_arguments(started_lab.folder, nginx_image, "-V")
    options = [word for word in arguments if word.startswith("--") and "entrypoint" not in word]
    docker(
        *("run", "--detach", f"--name={name}", f"--network={started_lab.name}"),
        *("--publish=127.0.0.1::8080", "--publish=127.0.0.1::8081", *options),
        *("--entrypoint=sh", nginx_image, "-c", script),
    )
    try:
        urls = [published(name, port) for port in (8080, 8081)]
        lab = Lab(started_lab.name, started_lab.folder, *urls)
        wait_until_it_serves(lab)
        yield lab
    finally:
        docker("rm", "--force", name)


def files(lab: Lab) -> list[Path]:
    """Of the log, oldest first."""
    return [*sorted((lab.folder / "logs").glob("access-*.log")), lab.folder / "logs" / "access.log"]


def test_a_full_file_is_followed_by_another_and_no_line_is_lost(kept: Lab) -> None:
    for path in files(kept)[:-1]:
        path.unlink()
    asked = _asked_until_there_are(2, kept) + _asked_until_there_are(3, kept)
    asked.append(kept.chat().headers["x-request-id"])
    kept.logged(asked[-1])
    lines = [json.loads(line) for path in files(kept) for line in lines_of(path)]
    # Two workers write at their own times.
    assert sorted(line["request_id"] for line in lines if line["request_id"] in asked) == sorted(
        asked
    )


def _asked_until_there_are(count: int, lab: Lab) -> list[str]:
    """Requests that fill one file, once nginx has begun the next."""
    asked = [lab.chat().headers["x-request-id"] for _ in range(20)]
    until(lambda: len(files(lab)) >= count and files(lab)[-1].exists())
    return asked


def test_only_the_last_few_files_stay(kept: Lab) -> None:
    old = kept.folder / "logs"
    for second in range(6):
        (old / f"access-{1000 + second}.log").write_text("{}\n")
    for _ in range(20):
        kept.chat()
    until(lambda: len(files(kept)) == 5 and not (old / "access-1002.log").exists())
    assert kept.chat().status_code == 200
