"""Reports on the disk, and what is found there."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from checks.reports import comparison, words
from checks.reports.kept import all_kept, folder, keep, read, require_writable
from deploys.settings.refusal import Refused
from tests.checks.benchmarks.releases import documented, release
from tests.checks.reports.examples import check, fleet, report

README = Path(__file__).resolve().parents[3] / "checks" / "reports" / "README.md"


def kept(where: Path, **changes: object) -> Path:
    """One report there."""
    junit = where / "junit.xml"
    where.mkdir(exist_ok=True)
    junit.write_text("<testsuites/>")
    return keep(where, report(check("it is so"), **changes), "<html>", junit)


def test_a_report_lies_by_release_and_moment_with_its_page_and_junit(tmp_path: Path) -> None:
    path = kept(tmp_path, fleet="abc", time="2026-11-26T12:00:00.123Z")
    assert path == tmp_path / "abc" / "20261126T120000123Z.json"
    assert path.with_suffix(".html").read_text() == "<html>"
    assert path.with_suffix(".xml").read_text() == "<testsuites/>"
    assert not list(tmp_path.rglob("*.half"))


def test_what_is_kept_is_read_as_it_was(tmp_path: Path) -> None:
    whole = fleet()
    junit = tmp_path / "junit.xml"
    junit.touch()
    assert read(keep(tmp_path, whole, "", junit)) == whole


def test_an_environments_reports_are_in_the_order_of_their_runs(tmp_path: Path) -> None:
    late = kept(tmp_path, fleet="aaa", time="2026-11-26T12:00:00.123Z")
    early = kept(tmp_path, fleet="bbb", time="2026-11-26T11:00:00.123Z")
    broken = kept(tmp_path, fleet="ccc")
    broken.write_text("{")
    found, complaints = all_kept(tmp_path)
    assert list(found) == [early, late]
    assert [one.file for one in complaints] == [str(broken)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "cannot be read: "),
        (lambda _: "[" * 100_000, "cannot be read: "),
        (lambda _: "\udcff", "cannot be read: "),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "schema 1, but of '2'"),
        (lambda _: "[1]", "no report of schema 1, but something else"),
        (lambda text: text.replace('"result": "passed"', '"result": "fine"'), "checks.0.result: "),
        (lambda text: text.replace('"seconds": 0.5', '"seconds": NaN'), "checks.0.seconds: "),
        (lambda text: text.replace('"fleet": "01', '"fleet": "../01'), "fleet: found"),
        (lambda _: json.dumps({**documented(release(1, 5))}), "checks: is missing"),
    ],
    ids=["half", "deep", "no text", "newer", "a list", "result", "nan", "a path", "a benchmark"],
)
def test_what_is_no_report_is_refused_by_its_name(
    tmp_path: Path, change: Callable[[str], str], words: str
) -> None:
    path = kept(tmp_path)
    path.write_text(change(path.read_text()), errors="surrogateescape")
    with pytest.raises(Refused) as refused:
        read(path)
    assert words in str(refused.value)
    assert str(path) in str(refused.value)
    assert "hint: a whole .json that `homeport verify ENV --report` has written" in str(
        refused.value
    )


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(Refused, match="cannot be read"):
            read(path)


def test_a_folder_that_takes_no_file_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="cannot be written to: Not a directory"):
        require_writable(folder(tmp_path, "lab", tmp_path / "file"))
    require_writable(folder(tmp_path, "lab"))
    assert not list((tmp_path / ".homeport/reports/lab").iterdir())


def test_the_readme_has_every_word_of_both_documents() -> None:
    told = set(re.findall(r"`([a-z0-9_]+)`", README.read_text()))
    parts = [*vars(words).values(), *vars(comparison).values()]
    models = [one for one in parts if isinstance(one, type) and issubclass(one, BaseModel)]
    fields = {name for model in models for name in model.model_fields}
    assert len(fields) > 40
    assert fields - told == set()
