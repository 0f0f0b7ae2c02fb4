"""One self-contained page: charts, warnings, and which benchmark it is. No script, no network."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from checks.benchmarks.numbers.figures import not_answered
from checks.benchmarks.numbers.rows import Row
from checks.benchmarks.plots.charts import charts

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 60rem; margin: 1rem auto; padding: 0 1rem; font-family: system-ui, sans-serif;
  color: #111; background: #fff; }}
svg {{ width: 100%; height: auto; break-inside: avoid; }}
.wide {{ overflow-x: auto; }} table {{ border-collapse: collapse; break-inside: avoid; }}
td, th {{ padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }}
td:first-child, th:first-child {{ text-align: left; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def page(document: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """HTML, of what was kept."""
    title = f"{document['environment']}, release {document['fleet']}"
    paragraphs = [f"<p>{escape(line)}</p>" for line in _lines(document)]
    body = "\n".join([*paragraphs, *charts(document, rows)])
    return PAGE.format(title=escape(title), body=body)


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
