"""Pages in a real Chromium: on a phone, at a desk, on paper, and with hostile values."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.benchmarks.cost.calculation import Question, calculation
from checks.benchmarks.cost.page import page as cost_page
from checks.benchmarks.numbers.rows import rows
from checks.benchmarks.plots.page import page as bench_page
from checks.benchmarks.plots.page import parts
from checks.pages import shell
from checks.reports.comparison import compare
from checks.reports.comparison_page import page as comparison_page
from checks.reports.measured import Measured
from checks.reports.page import page
from checks.reports.words import Finding
from tests.checks.benchmarks.cost.examples import CAPACITY, FLEET, cloud
from tests.checks.benchmarks.releases import documented
from tests.checks.benchmarks.test_page import CLOSED, PEAK
from tests.checks.reports.browser import Browser, complaints, running_browser, scanlines
from tests.checks.reports.examples import HOSTILE, benchmark, check, fleet, host, report
from tests.lab.machine import Missing, need

# Installs Chromium, where it is not there.
pytestmark = pytest.mark.root

PHONE = 390
# The narrowest that is still sold.
NARROW = 320
# Of a letter on the screen, whatever a chart was drawn in.
LEAST_PIXELS = 8
# An element's own size in CSS pixels, and for text in a chart what its scale leaves of it.
LETTERS = """
[...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()))
  .filter(e => e.getClientRects().length)
  .map(e => parseFloat(getComputedStyle(e).fontSize)
    * (e.getScreenCTM ? Math.abs(e.getScreenCTM().a || e.getScreenCTM().b) : 1))
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all of them."""
    try:
        need("chromium")
    except Missing as error:
        pytest.skip(str(error))
    with running_browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def _report() -> str:
    found = list(rows([CLOSED, PEAK]))
    return page(fleet(), [Measured(benchmark(), tuple(parts(documented(CLOSED, PEAK), found)))])


def _bench() -> str:
    return bench_page(documented(CLOSED, PEAK), list(rows([CLOSED, PEAK])))


def _cost() -> str:
    found = calculation(FLEET, CAPACITY, 10, [cloud()], Question(None, 0, 25))
    about = {
        "environment": "lab",
        "model": "chat",
        "currency": "EUR",
        "time": "2026-11-26T12:00:00Z",
        "basis": "4 users",
        "told": ["a prompt token counts as 0.25 of an answer's"],
    }
    return cost_page(found, about, {"acme large": "https://acme.example/pricing, 2026-11-01"})


def _comparison() -> str:
    old = fleet().model_copy(update={"checks": fleet().checks[:-4], "benchmarks": [benchmark(1)]})
    return comparison_page(compare(old, fleet()))


PAGES = {"report": _report, "comparison": _comparison, "bench": _bench, "cost": _cost}


@pytest.fixture(scope="module", params=list(PAGES))
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each page that the kit makes."""
    path: Path = tmp_path_factory.mktemp("page") / f"{request.param}.html"
    path.write_text(PAGES[request.param]())
    return path


@pytest.mark.parametrize("width", [NARROW, PHONE])
def test_a_page_fits_a_phone_and_can_be_read_there(
    browser: Browser, file: Path, width: int
) -> None:
    browser.show(file, width, phone=True)
    assert browser.value("innerWidth") == width
    assert browser.value("document.documentElement.scrollWidth") == width
    assert min(browser.value(LETTERS)) >= LEAST_PIXELS
    assert complaints(browser) == []


def test_a_page_shows_something_at_a_desk(browser: Browser, file: Path) -> None:
    browser.show(file, 1200)
    assert browser.value("document.documentElement.scrollWidth") <= 1200
    assert scanlines(browser.screenshot()) > 300
    assert min(browser.value(LETTERS)) >= LEAST_PIXELS
    assert complaints(browser) == []


def test_a_page_prints_on_a_few_sheets(browser: Browser, file: Path) -> None:
    browser.show(file, 1200)
    pdf = browser.printed()
    assert pdf.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 12
    assert len(pdf) > 10_000


def test_the_verdict_what_to_do_and_all_charts_are_seen(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(_report())
    browser.show(path, PHONE, phone=True)
    assert browser.value("document.title") == "lab: gpu3 cannot be reached, 1 of 37 checks failed"
    text = browser.value("document.body.innerText")
    for words in ("torch.OutOfMemoryError", "pools.chat.context_tokens: lower it", "81,559 MiB"):
        assert words in text
    first = browser.value("document.querySelector('.verdict').getBoundingClientRect().bottom")
    assert first < 800
    sizes = browser.value("[...document.querySelectorAll('svg')].map(e => e.clientHeight)")
    assert len(sizes) == 8
    assert min(sizes) > 100


def test_paper_shows_what_the_screen_has_folded(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(fleet()))
    browser.show(path, 794)
    height = "document.querySelector('details').clientHeight"
    assert browser.value("document.querySelector('details').open") is False
    folded = browser.value(height)
    browser.ask("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.value(height) > folded + 100
    finally:
        browser.ask("Emulation.setEmulatedMedia", media="")


def test_hostile_values_stay_text(browser: Browser, tmp_path: Path) -> None:
    finding = Finding(cause=HOSTILE, evidence=[HOSTILE], remedies=[HOSTILE])
    red = check(HOSTILE, "failed", host=HOSTILE, findings=[finding])
    hosts = [host("gpu1").model_copy(update={"name": HOSTILE})]
    document = documented(CLOSED)
    document["workload"]["model"] = document["loads"][0]["load"] = HOSTILE
    measured = Measured(benchmark(model=HOSTILE), tuple(parts(document, list(rows([CLOSED])))))
    path = tmp_path / "report.html"
    path.write_text(page(report(red, hosts=hosts), [measured]))
    browser.show(path, PHONE, phone=True)
    assert complaints(browser) == []
    assert browser.value("document.title") == "lab: 1 of 1 checks failed"
    assert browser.value("document.querySelectorAll('script, img').length") == 0
    assert "<script>document.title='taken'</script>" in browser.value("document.body.innerText")


def test_even_a_script_that_got_onto_a_page_is_not_run(browser: Browser, tmp_path: Path) -> None:
    """And this judge would notice one, and a picture from elsewhere."""
    path = tmp_path / "page.html"
    whole = shell.page("mine", [HOSTILE, '<img src="http://127.0.0.1:9/x">'])
    path.write_text(whole)
    browser.show(path, PHONE)
    assert browser.value("document.title") == "mine"
    assert "Content Security Policy" in str(complaints(browser))
    path.write_text(re.sub(r"<meta http-equiv.*", "", whole).replace("alert(1)", "nothing()"))
    browser.show(path, PHONE)
    assert browser.value("document.title") == "taken"
    assert "nothing is not defined" in str(complaints(browser))
    assert "http://127.0.0.1:9/x" in complaints(browser)


def test_a_blank_page_is_known_as_one(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!doctype html>")
    browser.show(path, 1200)
    assert scanlines(browser.screenshot()) < 5
