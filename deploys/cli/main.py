"""The `homeport` command: registers one verb per file and turns endings into exit codes."""

import sys
from collections.abc import Sequence

import typer

from deploys.batch.line_file import InUse
from deploys.cli import (
    apply,
    authority,
    batch,
    bench,
    calibrate,
    canary,
    chat,
    cost,
    demo,
    drain,
    drift,
    engines,
    estimate,
    explain,
    lock,
    models,
    plan,
    releases,
    render,
    rollback,
    survey,
    traffic,
    unlock,
    unused_models,
    verify,
)
from deploys.cli.exit_codes import ExitCode
from deploys.settings.inventory import UnknownEnvironment
from deploys.settings.refusal import Refused

app = typer.Typer(
    name="homeport",
    help="LLM inference on your own NVIDIA hosts, as code.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (
    survey.survey,
    plan.plan,
    lock.lock,
    authority.authority,
    render.render,
    apply.apply,
    verify.verify,
    calibrate.calibrate,
    drift.drift,
    releases.releases,
    rollback.rollback,
    drain.drain,
    drain.undrain,
    canary.canary,
    traffic.traffic,
    bench.bench,
    cost.cost,
    unlock.unlock,
    chat.chat,
    estimate.estimate,
    demo.demo,
):
    app.command()(verb)
app.command("explain")(explain.explain_log)
models.app.command("unused")(unused_models.unused_models)
app.add_typer(batch.app, name="batch", help="OpenAI batch files, answered through the gateway.")
app.add_typer(engines.app, name="engines", help="What each version of an engine knows.")
app.add_typer(models.app, name="models", help="The model catalogue, and the hosts' stores.")


# typer/core.py, _main: what it makes of KeyboardInterrupt before anybody else sees it.
TYPERS_INTERRUPTED = 130


def run(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `homeport` script."""
    sys.exit(exit_code(sys.argv[1:] if arguments is None else arguments))


def exit_code(arguments: Sequence[str]) -> int:
    """Runs one verb and gives its exit code; bad input is told on stderr without a traceback."""
    try:
        result = int(app(list(arguments), standalone_mode=False) or ExitCode.DONE)
        return _interrupted() if result == TYPERS_INTERRUPTED else result
    except Refused as refused:
        print(refused, file=sys.stderr)
        return ExitCode.REFUSED
    except InUse as used:
        print(used, file=sys.stderr)
        return ExitCode.LOCKED
    except UnknownEnvironment as unknown:
        print(unknown, file=sys.stderr)
        return ExitCode.MISUSE
    except typer.TyperException as misuse:
        # The argument parser's own code is 2, which means "changes pending" here.
        print(f"error: {misuse.format_message()}\nhint: homeport --help", file=sys.stderr)
        return ExitCode.MISUSE
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()


def _interrupted() -> int:
    print("error: stopped by Ctrl-C\nhint: the same command goes on from here", file=sys.stderr)
    return ExitCode.OPERATION_FAILED
