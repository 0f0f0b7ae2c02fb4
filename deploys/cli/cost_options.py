"""The words of `homeport cost`, and what they mean."""

from typing import Annotated

import typer

from checks.benchmarks.cost.basis import BY_HAND, Basis

# Each more than anybody has: of what is beyond there is nothing to draw.
MOST_PER_SECOND = 1e7
MOST_TOKENS = 1e8
MOST_MILLIONS = 1e9
LEAST_MILLIONS = 1e-6


def _at_least_one(millions: float | None) -> float | None:
    if millions and millions < LEAST_MILLIONS:
        raise typer.BadParameter(f"{millions:g}: 0, or one token at least ({LEAST_MILLIONS:f})")
    return millions


SpeedOption = Annotated[
    float | None,
    typer.Option(
        "--tokens-per-second",
        min=0.001,
        max=MOST_PER_SECOND,
        help="Of answers, at capacity; in place of a benchmark.",
    ),
]
PromptTokensOption = Annotated[
    float | None,
    typer.Option("--prompt-tokens", min=0, max=MOST_TOKENS, help="Of a request; goes with that."),
]
CompletionTokensOption = Annotated[
    float | None,
    typer.Option(
        "--completion-tokens", min=1, max=MOST_TOKENS, help="Of an answer; goes with that."
    ),
]
SinceOption = Annotated[
    str,
    typer.Option(help="Use by the gateways' logs: 90s, 30m, 1h, 7d; `none` asks no host."),
]
UseOption = Annotated[
    float | None,
    typer.Option(
        "--million-tokens-per-month",
        min=0,
        max=MOST_MILLIONS,
        callback=_at_least_one,
        help="Of answers: the use, in place of the logs.",
    ),
]
WeightOption = Annotated[
    float | None,
    typer.Option(
        "--prompt-weight",
        min=0,
        max=10,
        help="What a prompt token counts as of an answer's; as clouds price it if left out.",
    ),
]
CachedOption = Annotated[
    float,
    typer.Option(
        "--cached-percent", min=0, max=100, help="Of prompts, that a cloud would have cached."
    ),
]
SwingOption = Annotated[
    float, typer.Option("--swing-percent", min=1, max=90, help="Of each input, to see what moves.")
]


def basis_by_hand(
    tokens_per_second: float | None, prompt_tokens: float | None, completion_tokens: float | None
) -> Basis | None:
    """None where no number is given; raises typer.BadParameter where some are."""
    given = (tokens_per_second, prompt_tokens, completion_tokens)
    if given == (None, None, None):
        return None
    if tokens_per_second is None or prompt_tokens is None or completion_tokens is None:
        raise typer.BadParameter(f"all three or none: {BY_HAND}")
    source = f"{tokens_per_second:g} tokens/s by hand"
    return Basis(tokens_per_second, prompt_tokens, completion_tokens, source)
