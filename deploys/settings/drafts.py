"""What the inventory may say about words that are guessed ahead, for engines that check several at
once.
"""

from typing import Annotated

from pydantic import Field

from deploys.settings.words import Frozen


class Drafts(Frozen):
    """Words that are guessed from the prompt itself and checked together (ngram): no second model,
    and no memory beside. Other methods need some that is not known."""

    tokens: Annotated[int, Field(ge=1, le=16)]
    """Guessed at once."""
    longest_match: Annotated[int, Field(ge=1, le=32)] = 4
    """Words that must have stood before for what followed them to be guessed."""
