"""`homeport cost ENV`: what a million tokens cost here, and from how many on a cloud costs more."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from checks.benchmarks.cost.basis import kept_basis
from checks.benchmarks.cost.calculation import Calculation, Question, calculation, document
from checks.benchmarks.cost.page import page
from checks.benchmarks.cost.tokens import Capacity
from checks.benchmarks.cost.use import Use
from checks.benchmarks.kept import folder
from checks.benchmarks.moment import file_name, now_utc
from checks.probes.host import Unreachable
from deploys.cli import cost_options as words
from deploys.cli.bench_options import NOTHING, ModelOption
from deploys.cli.bench_target import public_name
from deploys.cli.cost_fleet import Paid, fleet, paid
from deploys.cli.cost_text import print_cost
from deploys.cli.cost_use import logged_use
from deploys.cli.cost_use import words as use_words
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.cli.traffic import seconds
from deploys.settings.cloud_prices import (
    CloudPrice,
    in_one_currency,
    own_cloud_prices,
    read_cloud_prices,
    stale,
)
from deploys.settings.environment import Environment, read_environment


def cost(
    environment: EnvironmentArgument,
    model: ModelOption = "",
    tokens_per_second: words.SpeedOption = None,
    prompt_tokens: words.PromptTokensOption = None,
    completion_tokens: words.CompletionTokensOption = None,
    since: words.SinceOption = "7d",
    million_tokens_per_month: words.UseOption = None,
    prompt_weight: words.WeightOption = None,
    cached_percent: words.CachedOption = 0,
    swing_percent: words.SwingOption = 25,
    as_json: JsonOption = False,
) -> int:
    """Cost of tokens at measured capacity and at actual use, and break-even against clouds."""
    by_hand = words.basis_by_hand(tokens_per_second, prompt_tokens, completion_tokens)
    asks = million_tokens_per_month is None and since != NOTHING
    since_seconds = seconds(since) if asks else 0
    root, today = repository_root(), datetime.now(UTC).date()
    settings = read_environment(root, environment)
    public = public_name(settings, model)
    known = paid(root, settings, public)
    clouds = _clouds(root, settings, known, today)
    basis = by_hand or kept_basis(folder(root, environment), environment, public, known.release)
    machines, said = fleet(known, basis.gpus)
    used, lost, told = None, list[Unreachable](), list(basis.warnings)
    if asks:
        used, lost = logged_use(root, environment, known.shares.pools, since_seconds, basis)
        told += use_words(used, lost)
    million = used.millions_per_month if used else million_tokens_per_month
    capacity = Capacity(basis.tokens_per_second, basis.prompt_ratio, known.cost.usable_percent)
    question = Question(prompt_weight, cached_percent, swing_percent)
    found = calculation(machines, capacity, million, clouds, question)
    old = stale(clouds, known.cost, today)
    about = {
        "environment": environment,
        "model": public,
        "currency": known.cost.currency,
        "time": now_utc(),
        "basis": basis.source,
        "told": [*told, *_told(found, prompt_weight), *said, *old],
        "stale": old,
        "unreachable": sorted(one.host for one in lost),
    }
    _show(root, found, about, clouds, used, as_json=as_json)
    return _exit_code(lost)


def _clouds(root: Path, settings: Environment, known: Paid, today: date) -> tuple[CloudPrice, ...]:
    """All that can be compared with; raises Refused."""
    found = (*read_cloud_prices(root), *own_cloud_prices(settings.cloud, known.file))
    return in_one_currency(found, known.cost, known.file, today)


def _exit_code(lost: Sequence[Unreachable]) -> int:
    for one in lost:
        print(f"error: {one}", file=sys.stderr)
    return ExitCode.HOST_UNREACHABLE if lost else ExitCode.DONE


def _told(found: Calculation, prompt_weight: float | None) -> list[str]:
    """What makes figures mean something else than they seem to."""
    told = []
    most, million = found.capacity.millions_per_month, found.use_millions_per_month
    if million == 0:
        told.append("use: no answer, so that there is no token that could have a price")
    if million and million > most:
        told.append("use: more than the measured capacity, where nothing is known of the price")
    if prompt_weight is None:
        weight = f"{found.prompt_weight:.3g}"
        told.append(f"a prompt token counts as {weight} of an answer's, the clouds' median")
    return told


def _show(
    root: Path,
    found: Calculation,
    about: Mapping[str, Any],
    clouds: Sequence[CloudPrice],
    used: Use | None,
    *,
    as_json: bool,
) -> None:
    """Keeps page and JSON, and tells one of them."""
    whole = document(found, about, used)
    path = root / ".homeport" / "cost" / str(about["environment"])
    path /= f"{file_name(str(about['time']))}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    sources = {one.name: f"{one.source}, {one.date}" for one in clouds}
    path.write_text(page(found, about, sources))
    path.with_suffix(".json").write_text(json.dumps(whole, indent=2) + "\n")
    for old in about["stale"]:
        hint = "read it anew at its source, and write that day beside it"
        print(f"warning: {old}\nhint: {hint}", file=sys.stderr)
    if as_json:
        print(json.dumps(whole, indent=2))
    else:
        print_cost(found, about)
        print(f"written: {path}, and the same as JSON in {path.with_suffix('.json').name}")
