"""`homeport verify ENV`: runs every check against the environment, sums up, keeps a report."""

import json
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from checks.benchmarks.moment import now_utc
from checks.committed import read_committed
from checks.reports.document import About, fleet_of, report, written
from deploys.cli import verify_options as words
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.cli.verify_kept import keep_all, place
from deploys.cli.verify_run import run_checks
from deploys.cli.verify_text import print_summary


def verify(
    environment: EnvironmentArgument,
    as_json: JsonOption = False,
    junit: words.JunitOption = None,
    keep: words.ReportOption = False,
    report_folder: words.ReportFolderOption = None,
    gateway_url: words.GatewayOption = "",
    disruptive: words.DisruptiveOption = False,
) -> int:
    """Asks the hosts and the gateway whether all of it is true."""
    root = repository_root()
    committed = read_committed(root, environment)
    wanted = keep or report_folder is not None
    kept = place(root, environment, fleet_of(committed), report_folder) if wanted else None
    arguments = [f"--environment={environment}", f"--root={root}"]
    arguments += [f"--gateway-url={gateway_url}"] if gateway_url else []
    arguments += ["--disruptive"] if disruptive else []
    moment, began, console = now_utc(), time.monotonic(), Console(stderr=as_json)
    with tempfile.TemporaryDirectory() as scratch:
        xml = Path(scratch) / "junit.xml"
        checked = run_checks(root, [*arguments, f"--junit-xml={xml}"], console)
        if checked.did_not_run:
            print(checked.did_not_run, file=sys.stderr)
            return checked.exit_code
        seconds, ending = time.monotonic() - began, checked.exit_code
        about = About(environment, moment, seconds, disruptive, int(ending))
        benchmarks = [one.words for one in kept.benchmarks] if kept else []
        found = report(about, committed, checked.results, benchmarks)
        if as_json:
            print(json.dumps(written(found), indent=2))
        else:
            print_summary(found, console)
        # What is wrong with the fleet counts more than a file that is not there.
        is_kept = keep_all(found, kept, xml, junit, console)
        return ending or (ExitCode.DONE if is_kept else ExitCode.OPERATION_FAILED)
