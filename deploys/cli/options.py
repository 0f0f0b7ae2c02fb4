"""Options that many verbs have."""

from typing import Annotated

import typer

EnvironmentArgument = Annotated[str, typer.Argument(help="The name of a file in inventories/.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same result for a program.")]
