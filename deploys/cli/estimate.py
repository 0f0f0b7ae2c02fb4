"""`homeport estimate`: predicted memory for cases of a file, part by part."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploys.cli.exit_codes import ExitCode
from deploys.plan.cases.reading import read_cases
from deploys.plan.memory.answer import estimate as estimate_case
from deploys.plan.memory.estimate import DeviceEstimate, Estimate, Pool, Range
from deploys.settings.refusal import Complaint, Refused


def estimate(
    cases: Annotated[
        Path,
        typer.Argument(help="A JSON list of cases; deploys/plan/cases/words.py names the fields."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> int:
    """Predicts memory for cases: engine, version, model, context, GPUs; writes nothing."""
    answers = [estimate_case(case) for case in read_cases(str(cases), _parsed(cases))]
    if as_json:
        print(json.dumps([as_data(answer) for answer in answers], indent=2))
    else:
        _show(answers)
    return ExitCode.DONE


def _parsed(path: Path) -> object:
    hint = "give a JSON list of cases, as in tests/plan/measurements.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise Refused([Complaint(str(path), "", found, hint)]) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Refused([Complaint(str(path), "", f"is not JSON: {error}", hint)]) from None


def as_data(answer: Estimate) -> dict[str, Any]:
    """An estimate as JSON says it: sizes in MiB, `total` being the sum of `parts`."""
    return {
        "id": answer.name,
        "profile": answer.profile,
        "devices": [_device(device) for device in answer.devices],
        "gpu_total_mib": _range(
            Range(
                sum(gpu.engine.expected for gpu in answer.gpus),
                sum(gpu.engine.upper for gpu in answer.gpus),
            )
        ),
        "vllm_pool": _pool(answer.pool) if answer.pool else None,
        "unknown": list(answer.unknown),
        "remarks": list(answer.remarks),
    }


def _device(device: DeviceEstimate) -> dict[str, Any]:
    return {
        "device": device.device,
        "parts_mib": {name: _range(part) for name, part in device.parts.items()},
        "engine_mib": _range(device.engine),
        "total_mib": _range(device.total),
    }


def _range(part: Range) -> dict[str, float]:
    return {"expected": round(part.expected, 3), "upper": round(part.upper, 3)}


def _pool(pool: Pool) -> dict[str, Any]:
    sizes = {
        "budget_gib": pool.budget_gib,
        "expected_gib": pool.expected_gib,
        "lowest_gib": pool.lowest_gib,
        "concurrency": pool.concurrency,
    }
    return {
        **{name: None if size is None else round(size, 4) for name, size in sizes.items()},
        "blocks": pool.blocks,
        "tokens": pool.tokens,
        "tokens_per_group": pool.tokens_per_group,
        "bytes_per_block": pool.bytes_per_block,
        "blocks_per_request": pool.blocks_per_request,
        "known": pool.known,
    }


def _show(answers: list[Estimate]) -> None:
    table = Table(box=None)
    for heading in ("case", "device", "part", "expected MiB", "upper MiB"):
        table.add_column(heading, justify="right" if "MiB" in heading else "left")
    for answer in answers:
        for device in answer.devices:
            for name, part in (*device.parts.items(), ("total", device.total)):
                row = (f"{part.expected:,.1f}", f"{part.upper:,.1f}")
                table.add_row(answer.name, device.device, name, *row)
        if answer.pool and answer.pool.tokens is not None:
            table.add_row(answer.name, "GPU0", "tokens in the pool", f"{answer.pool.tokens:,}")
        for remark in (*answer.unknown, *answer.remarks):
            table.add_row(answer.name, "", remark)
    Console().print(table, highlight=False)
