"""The `homeport` command: registers one verb per file and turns endings into exit codes."""

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

import typer

from deploys.batch.line_file import InUse
from deploys.cli.exit_codes import ExitCode
from deploys.settings.inventory import UnknownEnvironment
from deploys.settings.refusal import Refused

# Verb -> module of this folder and what it has for Typer, in the order of --help.
VERBS = {
    "survey": "survey.survey",
    "plan": "plan.plan",
    "lock": "lock.lock",
    "authority": "authority.authority",
    "render": "render.render",
    "apply": "apply.apply",
    "verify": "verify.verify",
    "report": "report.app",
    "calibrate": "calibrate.calibrate",
    "drift": "drift.drift",
    "releases": "releases.releases",
    "rollback": "rollback.rollback",
    "drain": "drain.drain",
    "undrain": "drain.undrain",
    "canary": "canary.canary",
    "traffic": "traffic.traffic",
    "bench": "bench.bench",
    "cost": "cost.cost",
    "unlock": "unlock.unlock",
    "chat": "chat.chat",
    "index": "index.index",
    "estimate": "estimate.estimate",
    "demo": "demo.demo",
    "explain": "explain.explain_log",
    "batch": "batch.app",
    "store": "store.app",
    "engines": "engines.app",
    "models": "models.app",
}
# Those with verbs of their own.
GROUPS = {
    "batch": "OpenAI batch files, answered through the gateway.",
    "store": "Backups of the vector store.",
    "engines": "What each version of an engine knows.",
    "models": "The model catalogue, and the hosts' stores.",
    "report": "What verify has kept, and two of them compared.",
}

# typer/core.py, _main: what it makes of KeyboardInterrupt before anybody else sees it.
TYPERS_INTERRUPTED = 130


def run(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `homeport` script."""
    sys.exit(exit_code(sys.argv[1:] if arguments is None else arguments))


def exit_code(arguments: Sequence[str]) -> int:
    """Runs one verb and gives its exit code; bad input is told on stderr without a traceback."""
    try:
        app = _app([verb for verb in arguments[:1] if verb in VERBS] or VERBS)
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


def _app(verbs: Iterable[str]) -> typer.Typer:
    """Knows these verbs: each imports what it needs, and all of it takes a second."""
    app = typer.Typer(
        name="homeport",
        help="LLM inference on your own NVIDIA hosts, as code.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # With a callback one verb alone is still asked for by its name.
    app.callback()(lambda: None)
    for verb in verbs:
        module, _, name = VERBS[verb].partition(".")
        found = getattr(import_module(f"deploys.cli.{module}"), name)
        if verb in GROUPS:
            app.add_typer(found, name=verb, help=GROUPS[verb])
        else:
            app.command(verb)(found)
    return app


def _interrupted() -> int:
    print("error: stopped by Ctrl-C\nhint: the same command goes on from here", file=sys.stderr)
    return ExitCode.OPERATION_FAILED
