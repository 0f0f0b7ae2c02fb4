"""How long prompts and answers are: one number, or a distribution of them, in tokens."""

import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Of a distribution without an upper end: what lies beyond is drawn again.
LEAST_TOKENS = 1
NUMBER = r"(\d{1,7}(?:\.\d{1,4})?)"
KINDS = "N, uniform:LOW:HIGH, normal:MEAN:DEVIATION or lognormal:MEDIAN:SIGMA"


@dataclass(frozen=True)
class Lengths:
    """A distribution, by the words that a person writes it in."""

    words: str
    kind: str
    first: float
    second: float

    def draw(self, chance: random.Random, most_tokens: int) -> int:
        """One length, between 1 and `most_tokens`: what lies outside is moved to the border."""
        drawn = DRAWS[self.kind](chance, self.first, self.second)
        return max(LEAST_TOKENS, min(round(drawn), most_tokens))

    @property
    def typical_tokens(self) -> int:
        """Its middle."""
        middle = (self.first + self.second) / 2 if self.kind == "uniform" else self.first
        return max(LEAST_TOKENS, round(middle))


DRAWS: Mapping[str, Callable[[random.Random, float, float], float]] = {
    "fixed": lambda _, length, __: length,
    "uniform": lambda chance, low, high: chance.randint(round(low), round(high)),
    "normal": lambda chance, mean, deviation: chance.gauss(mean, deviation),
    # Lengths of real prompts are skewed: most are short and a few very long.
    "lognormal": lambda chance, median, sigma: chance.lognormvariate(math.log(median), sigma),
}


def read_lengths(words: str) -> Lengths:
    """`lognormal:400:0.8` and the like. Raises ValueError with what fits."""
    if re.fullmatch(NUMBER, words):
        found = Lengths(words, "fixed", float(words), 0)
    elif match := re.fullmatch(rf"(uniform|normal|lognormal):{NUMBER}:{NUMBER}", words):
        found = Lengths(words, match[1], float(match[2]), float(match[3]))
    else:
        raise ValueError(f"{words}: tokens as {KINDS}")
    if found.first < LEAST_TOKENS:
        raise ValueError(f"{words}: one token at least")
    if found.kind == "uniform" and found.second < found.first:
        raise ValueError(f"{words}: the higher number comes last")
    if found.kind == "lognormal" and found.second > 3:
        raise ValueError(f"{words}: a sigma above 3 has one length in six beyond twenty medians")
    return found
