"""`homeport verify ENV`: runs every check against the environment and sums up."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.settings.inventory import environments, read_inventory

GatewayOption = Annotated[
    str, typer.Option("--gateway-url", help="Where the gateway is reached from here.")
]
JunitOption = Annotated[Path | None, typer.Option("--junit", help="Write a JUnit report here.")]
DisruptiveOption = Annotated[
    bool, typer.Option("--disruptive", help="Also what keeps clients from answers for a moment.")
]

Result = dict[str, Any]

# pytest's own exit codes: all passed, some failed, nothing collected; the rest is bad input.
_RAN = (0, 1)
_BAD_INPUT = 4


def verify(
    environment: EnvironmentArgument,
    as_json: JsonOption = False,
    junit: JunitOption = None,
    gateway_url: GatewayOption = "",
    disruptive: DisruptiveOption = False,
) -> int:
    """Asks the hosts and the gateway whether all of it is true."""
    root = repository_root()
    if environment not in environments(root):
        read_inventory(root, environment)
    arguments = [f"--environment={environment}", f"--root={root}"]
    arguments += [f"--gateway-url={gateway_url}"] if gateway_url else []
    arguments += ["--disruptive"] if disruptive else []
    arguments += [f"--junit-xml={junit.absolute()}"] if junit else []
    began, console = time.monotonic(), Console(stderr=as_json)
    with tempfile.TemporaryFile("w+") as talk:
        code, results = _run(root, arguments, talk.fileno(), console)
        talk.seek(0)
        if code not in _RAN:
            return _did_not_run(code, talk.read())
    seconds = time.monotonic() - began
    if as_json:
        print(_document(environment, results))
    else:
        _print_summary(environment, results, seconds, console)
    return _ending(results)


def _document(environment: str, results: Sequence[Result]) -> str:
    ending = int(_ending(results))
    return json.dumps(
        {"environment": environment, "exit_code": ending, "checks": results}, indent=2
    )


def _run(
    root: Path, arguments: Sequence[str], talk: int, console: Console
) -> tuple[int, list[Result]]:
    """pytest's exit code and each check's result, which is also told as soon as it is known."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "pytest", str(root / "checks"), *arguments]
    command += ["-p", "no:cacheprovider", "-q", f"--results=/dev/fd/{writer}"]
    results = []
    with os.fdopen(reader, encoding="utf-8") as lines:
        try:
            process = subprocess.Popen(
                command,
                cwd=root,
                env=_without_pytests_own(os.environ),
                pass_fds=(writer,),
                stdout=talk,
                stderr=talk,
            )
        finally:
            # Otherwise the pipe would never end.
            os.close(writer)
        for line in lines:
            results.append(json.loads(line))
            _print_progress(results[-1], console)
    return process.wait(), results


def _without_pytests_own(environment: Mapping[str, str]) -> dict[str, str]:
    """An operator's own settings of pytest, such as `-k`, would leave checks out unseen."""
    own = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
    return {name: value for name, value in environment.items() if name not in own}


def _ending(results: Sequence[Result]) -> ExitCode:
    endings = {result["result"] for result in results}
    if "unreachable" in endings:
        return ExitCode.HOST_UNREACHABLE
    return ExitCode.VERIFICATION_FAILED if "failed" in endings or not results else ExitCode.DONE


def _did_not_run(code: int, talk: str) -> int:
    """pytest judged nothing: bad input, or a bug of ours, which shows all that was said."""
    lines = [line.removeprefix("ERROR: ") for line in talk.splitlines() if line.strip()]
    print("\n".join(lines), file=sys.stderr)
    return ExitCode.REFUSED if code == _BAD_INPUT else ExitCode.VERIFICATION_FAILED


_MARKS = {
    "passed": "[green]ok[/]",
    "failed": "[red]FAILED[/]",
    "unreachable": "[red]UNREACHABLE[/]",
    "skipped": "[yellow]skipped[/]",
}


def _print_progress(result: Result, console: Console) -> None:
    console.print(f"  {_MARKS[result['result']]} {escape(_title(result))}", highlight=False)
    if result["result"] == "passed" and result["message"]:
        console.print(escape(indent(result["message"], "     note: ")), highlight=False)


def _print_summary(
    environment: str, results: Sequence[Result], seconds: float, console: Console
) -> None:
    bad = [result for result in results if result["result"] != "passed"]
    for result in bad:
        console.print(f"\n{_MARKS[result['result']]} {escape(_title(result))}", highlight=False)
        console.print(escape(indent(result["message"], "  ")), highlight=False, soft_wrap=True)
    table = Table("checks of", "passed", "not passed", title_justify="left")
    for file in dict.fromkeys(result["file"] for result in results):
        endings = [result["result"] == "passed" for result in results if result["file"] == file]
        part = Path(file).stem.removeprefix("check_")
        table.add_row(part, str(endings.count(True)), str(endings.count(False) or ""))
    console.print(table)
    passed = f"{len(results) - len(bad)} of {len(results)} checks passed"
    console.print(f"{environment}: {passed} in {seconds:.1f} s", highlight=False)


def _title(result: Result) -> str:
    return f"{result['check']} ({result['subject']})" if result["subject"] else result["check"]
