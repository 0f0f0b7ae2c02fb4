"""The words of `homeport verify`."""

from pathlib import Path
from typing import Annotated

import typer

GatewayOption = Annotated[
    str, typer.Option("--gateway-url", help="Where the gateway is reached from here.")
]
JunitOption = Annotated[Path | None, typer.Option("--junit", help="Write a JUnit report here.")]
DisruptiveOption = Annotated[
    bool, typer.Option("--disruptive", help="Also what keeps clients from answers for a moment.")
]
ReportOption = Annotated[
    bool, typer.Option("--report", help="Keep page, JSON and JUnit in .homeport/reports.")
]
ReportFolderOption = Annotated[
    Path | None, typer.Option("--report-folder", help="Keep them below this folder.")
]
