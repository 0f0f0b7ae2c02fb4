"""One self-contained page: charts, warnings, and which benchmark it is. No script, no network."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.benchmarks.numbers.figures import not_answered
from checks.benchmarks.numbers.rows import Row
from checks.benchmarks.plots.charts import charts
from checks.pages import shell
from checks.pages.parts import paragraph


def page(document: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """HTML, of what was kept."""
    title = f"{document['environment']}, release {document['fleet']}"
    return shell.page(title, parts(document, rows))


def parts(document: Mapping[str, Any], rows: Sequence[Row]) -> list[str]:
    """What stands on it: words, then charts."""
    return [*map(paragraph, _lines(document)), *charts(document, rows)]


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    workload, objective, spans = document["workload"], document["objective"], document["spans"]
    yield (
        f"{document['time']}: {workload['model']}, prompts of {workload['prompt']} tokens "
        f"({workload['shared_tokens']} shared), answers of {workload['completion']}; "
        f"{spans['runs']} runs of {spans['seconds']:g} s after {spans['warm_up_seconds']:g} s."
    )
    total = objective["total_seconds"]
    yield (
        f"Objective: first token within {objective['first_token_seconds']:g} s, "
        f"{objective['token_seconds'] * 1000:g} ms for each further one"
        + (f", {total:g} s in all" if total else "")
        + ". Whiskers are intervals of 95 % confidence."
    )
    for one in document["loads"]:
        if counts := not_answered(one["outcomes"]):
            yield f"{one['load']}: not answered: {counts}, of {one['requests']:,}"
        yield from (f"Warning: {one['load']}: {words}" for words in one["warnings"])
    gate = document["gate"]
    for one in gate["findings"] if gate else ():
        if one["verdict"] == "regressed":
            yield f"Slower than {gate['fleet']}: {one['load']}, {one['figure']}: {one['words']}"
