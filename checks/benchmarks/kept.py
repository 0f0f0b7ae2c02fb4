"""Benchmarks on this machine's disk, by environment and release; and the last one to compare with.

Three files each: NAME.json, NAME.csv with a line for every request, NAME.html with charts.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from checks.benchmarks.client.sample import Outcome
from checks.benchmarks.document import SCHEMA
from checks.benchmarks.kept_words import Words
from checks.benchmarks.moment import file_name
from checks.benchmarks.numbers.gate import Side
from checks.benchmarks.numbers.rows import Row, from_csv, to_csv
from checks.benchmarks.plots.page import page
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.validation import complaints_of

HINT = "remove it, or move it elsewhere"


@dataclass(frozen=True)
class Kept:
    """One benchmark of an earlier time."""

    path: Path
    document: Mapping[str, Any]

    @property
    def fleet(self) -> str:
        """The release that it measured."""
        return str(self.document["fleet"])

    def rows(self) -> list[Row]:
        """Its requests; raises Refused when they cannot be read."""
        path = self.path.with_suffix(".csv")
        try:
            return from_csv(path.read_text())
        except (OSError, ValueError) as error:
            hint = "remove what is left of that benchmark, or bring the file back"
            raise Refused([Complaint(str(path), "", f"cannot be read: {error}", hint)]) from None


def folder(root: Path, environment: str) -> Path:
    """Where an environment's benchmarks lie."""
    return root / ".homeport" / "bench" / environment


def keep(where: Path, document: Mapping[str, Any], rows: Sequence[Row]) -> Path:
    """Writes all files; gives that of the JSON. It comes last, and in one rename: a benchmark that
    has one is whole.
    """
    path = where / str(document["fleet"]) / f"{file_name(document['time'])}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".csv").write_text(to_csv(rows))
    path.with_suffix(".html").write_text(page(document, rows))
    write(path, document)
    return path


def write(path: Path, document: Mapping[str, Any]) -> None:
    """The JSON alone, of a benchmark that is new or of which more is known now."""
    half = path.with_suffix(".half")
    half.write_text(json.dumps(document, indent=2) + "\n")
    half.replace(path)


def last(where: Path, workload: Mapping[str, Any], own: str, fleet: str = "") -> Kept | None:
    """The newest with the same workload of any release but `own`, or of `fleet` if given.

    Raises Refused for a file that is no benchmark.
    """
    found = [
        one
        for one in _answered(where)
        if one.document["workload"] == workload
        and (one.fleet == fleet if fleet else one.fleet != own)
    ]
    return max(found, key=lambda one: str(one.document["time"]), default=None)


def newest(where: Path, model: str, fleet: str) -> Kept | None:
    """The newest of a model (by its public name) with closed loops and answers; of this release
    if there is one, else of any. Raises Refused for a file that is no benchmark.
    """
    found = [
        one
        for one in _answered(where)
        if one.document["workload"]["model"] == model
        and any(load["loop"] == "closed" for load in one.document["loads"])
    ]
    return max(found, key=lambda one: (one.fleet == fleet, one.document["time"]), default=None)


def of_fleet(where: Path, fleet: str) -> list[Kept]:
    """All with answers of one release; raises Refused for a file that is no benchmark."""
    return [one for one in _answered(where, fleet) if one.fleet == fleet]


def _answered(where: Path, fleet: str = "*") -> Iterator[Kept]:
    """One without an answer says nothing of how fast a release was: it is left out, or a gate would
    compare with nothing and pass.
    """
    for path in sorted(where.glob(f"{fleet}/*.json")):
        document = _read(path)
        if any(one["outcomes"].get(Outcome.answered) for one in document["loads"]):
            yield Kept(path, document)


def _read(path: Path) -> dict[str, Any]:
    wrong = f"is no benchmark of schema {SCHEMA}"
    try:
        document = json.loads(path.read_text())
        if isinstance(document, dict) and document.get("schema") == SCHEMA:
            Words.model_validate(document)
            return document
    except ValidationError as error:
        complaints = complaints_of(error, str(path), Words)
        raise Refused([replace(one, hint=HINT) for one in complaints]) from None
    except (OSError, ValueError, RecursionError) as error:
        wrong = f"cannot be read: {error}"
    raise Refused([Complaint(str(path), "", wrong, HINT)])


def sides(document: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Side]:
    """Its loads, ready to be compared."""
    return {
        one["load"]: Side(
            [row for row in rows if row.load == one["load"]],
            [run["tokens_per_second"] for run in one["runs"]] if one["loop"] == "closed" else [],
            one["load"] in document["client_limited"],
        )
        for one in document["loads"]
    }
