"""The words of `homeport batch run`, and what they mean in an environment."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploys.batch.offer import Offer
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.client import asking_key
from deploys.settings.cloud import Price
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import Secret, resolve
from deploys.settings.validation import near_miss

InputArgument = Annotated[Path, typer.Argument(metavar="INPUT", help="A batch file: JSON lines.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", help="Answers; INPUT.answers.jsonl if left out.")
]
DeadLettersOption = Annotated[
    Path | None,
    typer.Option(
        "--dead-letters",
        help="Lines without one; OUTPUT.dead.jsonl, or INPUT.dead.jsonl, if left out.",
    ),
]
ConcurrencyOption = Annotated[
    # A process has 1024 descriptors by default.
    int, typer.Option(min=1, max=512, help="Requests that are under way at once.")
]
TriesOption = Annotated[
    int, typer.Option(min=1, max=100, help="Of a line over which an engine dies or times out.")
]
PatienceOption = Annotated[
    int,
    typer.Option(min=1, help="How long a line waits while none is answered, before the run ends."),
]
SkipOption = Annotated[
    bool, typer.Option("--skip-invalid", help="What cannot be sent becomes a dead letter.")
]
ClientOption = Annotated[
    str, typer.Option("--client", help="Whose key is used; as with `chat` if left out.")
]
PriceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="[MODEL=]PROMPT:COMPLETION",
        help="What a million tokens of the fleet's own cost.",
    ),
]


def key_of(gateway: GatewayRelease, client: str, root: Path) -> Secret:
    """The client's key, or that with which the kit itself asks."""
    clients = gateway.clients
    if client and client not in clients:
        hint = near_miss(client, clients)
        raise Refused([Complaint("--client", "", f"there is no client {client!r}", hint)])
    chosen = {client: clients[client]} if client else clients
    return resolve(asking_key(chosen, datetime.now(UTC)), root)


def fleet_prices(words: Iterable[str], offer: Offer) -> dict[str, Price]:
    """Price by public name, `` for all that are not named."""
    public = {name: one for models in offer.models.values() for name, one in models.items()}
    prices = {}
    for word in words:
        model, equals, rest = word.rpartition("=")
        match = re.fullmatch(r"(\d{1,9}(?:\.\d+)?):(\d{1,9}(?:\.\d+)?)", rest)
        if match is None:
            found = f"--price {word}: PROMPT:COMPLETION for a million tokens, such as 0.2:0.8"
            raise typer.BadParameter(found)
        if equals and model not in public:
            hint = near_miss(model, public)
            raise Refused([Complaint("--price", "", f"no pool serves {model!r}", hint)])
        price = Price(prompt=float(match[1]), completion=float(match[2]))
        prices[public[model] if equals else ""] = price
    return prices
