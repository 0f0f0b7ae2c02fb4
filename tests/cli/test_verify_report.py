"""`homeport verify --report`: what is kept of a run, and what is never in it."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from checks.benchmarks.kept import keep
from checks.benchmarks.numbers.rows import rows
from checks.reports.kept import read
from checks.reports.words import Report
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.verify_kept import keep_all
from tests.checks.benchmarks.releases import documented, release
from tests.checks.deployment import Deployment
from tests.checks.reports.examples import check, report

RELEASE = "0123456789ab"
SECRET = "hp-3f9a1c0b7d2e4f5a6b8c9d0e1f2a3b4c"


def bench(root: Path, fleet: str = RELEASE) -> Path:
    """A benchmark that is kept of the release."""
    point = release(1, requests=5, runs=1)
    document = {**documented(point, fleet=fleet), "energy": None}
    return keep(root / ".homeport/bench/lab", document, list(rows([point])))


def test_a_run_is_kept_by_release_as_page_json_and_junit_without_secrets(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    bench(deployment.root)
    deployment.docker.containers["chat-2"]["State"]["Health"]["Status"] = "unhealthy"
    deployment.docker.containers["chat-1"]["Args"] += ["--api-key", SECRET]
    deployment.docker.containers["chat-1"]["Config"]["Cmd"] = ["--api-key", SECRET]
    deployment.docker.write()
    folder = deployment.root / "kept"
    words = ["verify", "lab", "--report-folder", str(folder), "--junit", "own.xml"]

    assert exit_code(words) == ExitCode.VERIFICATION_FAILED

    said = capsys.readouterr()
    (path,) = folder.glob("*/*/*.json")
    assert re.fullmatch(rf"lab/{RELEASE}/\d{{8}}T\d{{9}}Z\.json", str(path.relative_to(folder)))
    assert f"written: {path.with_suffix('.html')}, beside it .json and .xml (JUnit)" in said.out
    require_whole(read(path))
    page = path.with_suffix(".html").read_text()
    for text in ("Until the first token, ms", "every container is healthy (localhost)", "***"):
        assert text in page
    junit = path.with_suffix(".xml").read_text()
    assert Path("own.xml").read_text() == junit
    cases = list(ElementTree.fromstring(junit).iter("testcase"))  # noqa: S314 - our own
    assert len(cases) == len(read(path).checks)
    for text in (said.out, said.err, *(one.read_text() for one in path.parent.iterdir())):
        assert SECRET not in text


def require_whole(found: Report) -> None:
    """Verdict, checks with their hosts and findings, hosts, benchmarks."""
    assert (found.exit_code, found.fleet) == (5, RELEASE)
    assert sum(found.counts.model_dump().values()) == len(found.checks) > 30
    ill = next(one for one in found.checks if one.check == "every container is healthy")
    assert (ill.host, ill.result) == ("localhost", "failed")
    assert ill.findings[0].remedies
    assert [one.model for one in found.benchmarks] == ["chat"]
    assert [one.name for one in found.hosts[0].replicas] == ["chat-1", "chat-2"]


@pytest.mark.usefixtures("no_checks")
def test_what_cannot_be_kept_is_refused_before_any_host_is_asked(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    assert exit_code(["verify", "lab", "--report-folder", "file"]) == ExitCode.REFUSED
    told = capsys.readouterr().err
    assert "error: file/lab: cannot be written to: Not a directory" in told
    assert "hint: --report-folder FOLDER keeps reports elsewhere" in told

    path = bench(deployment.root)
    for text, words in (
        ("{", "cannot be read"),
        (path.read_text().replace('"p95"', '"p90"'), "is not what `bench` writes: KeyError"),
        (path.read_text().replace('"value": ', '"value": "x'), "cannot be read"),
    ):
        path.write_text(text)
        assert exit_code(["verify", "lab", "--report"]) == ExitCode.REFUSED
        assert words in capsys.readouterr().err


@pytest.fixture
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins a run fails."""
    monkeypatch.setattr("deploys.cli.verify.run_checks", lambda *_: pytest.fail("it began"))


def test_a_file_that_cannot_be_written_is_told_and_hides_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xml = tmp_path / "junit.xml"
    xml.touch()
    found, console = report(check("a")), Console()
    assert not keep_all(found, None, xml, xml / "junit.xml", console)
    assert f"error: {xml}: cannot be written: " in capsys.readouterr().err
    assert keep_all(found, None, xml, tmp_path / "new" / "folder" / "junit.xml", console)
    assert (tmp_path / "new" / "folder" / "junit.xml").exists()
