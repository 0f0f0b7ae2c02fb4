"""A report as one self-contained page: the verdict first, then what to do, then everything."""

from collections.abc import Iterable, Iterator

from checks.pages import shell
from checks.pages.parts import listed, paragraph, table, text
from checks.reports.charts import by_result, by_time
from checks.reports.measured import HEADINGS, Measured, load_row
from checks.reports.summary import groups_of, verdict
from checks.reports.words import Check, Finding, Host, Report

SLOWEST = 10
STYLE = """\
.verdict { font-weight: bold; padding: .6rem .8rem; border-left: .4rem solid; }
.card { padding: .6rem .8rem; margin: 0 0 .8rem; border-left: .4rem solid; break-inside: avoid; }
.green { border-color: #009e73; background: #e6f5f0; }
.red { border-color: #d55e00; background: #fbece1; }
.grey { border-color: #8a8a8a; background: #f2f2f2; }
.card p, .card ul { margin: .3rem 0; } .card ul { padding-left: 1.2rem; }
.evidence { font-family: ui-monospace, monospace; font-size: .85rem; white-space: pre-wrap; }
.charts, .hosts { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
.hosts .card { margin: 0; }
.chart { max-width: 30rem; }
summary { cursor: pointer; font-weight: bold; padding: .2rem 0; }"""


def page(report: Report, benchmarks: Iterable[Measured] = ()) -> str:
    """HTML."""
    title = f"{report.environment}: {verdict(report)}"
    return shell.page(title, _parts(report, benchmarks), STYLE)


def _parts(report: Report, benchmarks: Iterable[Measured]) -> Iterator[str]:
    yield from _head(report)
    red = [one for one in report.checks if one.is_red]
    if red:
        yield "<h2>What is wrong, and what to do</h2>"
        yield from map(_red_card, _alike(red))
    if report.checks:
        yield f'<div class="charts">{by_result(report)}{by_time(report)}</div>'
    yield "<h2>Hosts and GPUs</h2>"
    yield f'<div class="hosts">{"".join(_host(one, report.checks) for one in report.hosts)}</div>'
    for one in benchmarks:
        yield f"<h2>Benchmark of {text(one.words.model)}</h2>"
        yield table((HEADINGS, map(load_row, one.words.loads)))
        yield from one.html
    yield from _told("Skipped", [one for one in report.checks if one.result == "skipped"])
    notes = [one for one in report.checks if one.result == "passed" and one.message]
    yield from _told("Passed, and to be known", notes)
    yield from _all(report)


def _head(report: Report) -> Iterator[str]:
    counts = report.counts
    yield paragraph(
        f"{counts.passed} passed, {counts.failed} failed, {counts.unreachable} unreachable, "
        f"{counts.skipped} skipped; exit code {report.exit_code}.",
        f"verdict {'red' if report.exit_code else 'green'}",
    )
    yield paragraph(
        f"Release {report.fleet}, asked at {report.time}, in {report.seconds:,.1f} s"
        f"{', with checks that disturb clients' if report.disruptive else ''}. "
        f"`homeport verify {report.environment}` asks again."
    )


def _alike(checks: Iterable[Check]) -> Iterable[list[Check]]:
    """A host that is lost has the same to say to each of its checks."""
    groups: dict[tuple[str, str, str], list[Check]] = {}
    for one in checks:
        groups.setdefault((one.host, one.result, one.message), []).append(one)
    return groups.values()


def _red_card(checks: list[Check]) -> str:
    one = checks[0]
    title = one.title if len(checks) == 1 else f"{len(checks)} checks of {one.host or one.group}"
    groups = ", ".join(dict.fromkeys(each.group for each in checks))
    head = f"<h3>{text(title)}</h3>"
    head += paragraph(f"{one.result}: {groups}{f', on {one.host}' if one.host else ''}")
    head += paragraph("; ".join(each.title for each in checks)) if len(checks) > 1 else ""
    return f'<section class="card red">{head}{"".join(map(_finding, one.findings))}</section>'


def _finding(one: Finding) -> str:
    remedies = (f"remedy: {words}" for words in one.remedies)
    evidence = paragraph("\n".join(one.evidence), "evidence") if one.evidence else ""
    return f"{paragraph(one.cause)}{evidence}{listed(remedies, 'remedies')}"


def _host(host: Host, checks: Iterable[Check]) -> str:
    its = [one for one in checks if one.host == host.name]
    red = sum(one.is_red for one in its)
    colour = "red" if red else "green" if any(one.result == "passed" for one in its) else "grey"
    said = (
        f"{red} of its {len(its)} checks are red"
        if red
        else f"none of its {len(its)} checks is red"
    )
    head = f"<h3>{text(host.name)}</h3>" + paragraph(
        f"{', '.join(host.roles) or 'no role'}; release {host.release}; {said}"
    )
    gpus = (f"{gpu.name}, {gpu.memory_mib:,} MiB, {gpu.uuid}" for gpu in host.gpus)
    replicas = (
        f"{one.name} of {one.pool or 'no pool'}: {one.model} on {one.engine} {one.version}"
        for one in host.replicas
    )
    parts = f"{head}{listed(gpus, 'gpus')}{listed(replicas, 'replicas')}"
    return f'<section class="card {colour}">{parts}</section>'


def _told(title: str, checks: Iterable[Check]) -> Iterator[str]:
    """What is no failure and still has something to say."""
    cards = [
        f'<section class="card grey"><h3>{text(one.title)}</h3>'
        f"{paragraph(one.message, 'evidence')}</section>"
        for one in checks
    ]
    if cards:
        yield f"<h2>{text(title)}</h2>"
        yield from cards


def _all(report: Report) -> Iterator[str]:
    """Every check, and the slowest ones."""
    yield "<h2>Every check</h2>"
    for group, checks in groups_of(report).items():
        passed = sum(one.result == "passed" for one in checks)
        rows = [(one.title, one.result, f"{one.seconds:.2f}") for one in checks]
        yield f"<details><summary>{text(group)}: {passed} of {len(checks)} passed</summary>"
        yield table((("check", "result", "seconds"), rows), "words")
        yield "</details>"
    slowest = sorted(report.checks, key=lambda one: -one.seconds)[:SLOWEST]
    if slowest:
        yield "<h2>What took longest</h2>"
        longest = [(one.title, f"{one.seconds:.2f}") for one in slowest]
        yield table((("check", "seconds"), longest), "words")
