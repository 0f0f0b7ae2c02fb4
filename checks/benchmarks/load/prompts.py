"""Prompts of a wanted length, none of which an engine has seen before."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

# Everyday words, one or two tokens each for most tokenizers; how many, the engine itself says.
# fmt: off
WORDS = (
    "anchor", "bay", "cargo", "deck", "east", "ferry", "gale", "harbour", "island", "jetty", "keel",
    "light", "mast", "north", "ocean", "pier", "quay", "rope", "sail", "tide", "under", "vessel",
    "water", "wind", "yard", "crane", "dock", "bridge", "captain", "storm", "river", "coast",
    "west", "south", "boat", "crew", "fish", "net", "salt", "sand", "shell", "shore", "star",
    "stone", "sun", "wave", "bell", "bird", "blue", "clear", "cold", "dark", "deep", "dry", "far",
    "fast", "free", "full", "grey", "high", "late", "long", "low", "new", "old", "safe", "slow",
    "small",
)
# fmt: on
# Two probes of so many words tell how many tokens a word is, and what the chat template adds.
PROBE_WORDS = (16, 96)


@dataclass(frozen=True)
class Scale:
    """What the engine's tokenizer makes of WORDS: tokens = template + words · per word."""

    template_tokens: float = 0
    tokens_per_word: float = 1

    def words_for(self, tokens: int) -> int:
        """How many words come closest."""
        return max(1, round((tokens - self.template_tokens) / self.tokens_per_word))


def scale_of(probes: Sequence[tuple[int, int]]) -> Scale | None:
    """From (words, tokens) of two prompts; None when they do not tell: no usage, or a constant."""
    (few, few_tokens), (many, many_tokens) = probes
    per_word = (many_tokens - few_tokens) / (many - few)
    return Scale(few_tokens - few * per_word, per_word) if per_word > 0 else None


@dataclass(frozen=True)
class Prompt:
    """Text around a word that no other prompt has: an engine's prefix cache ends there."""

    shared: str
    """The same in every prompt, as a system prompt is; empty when nothing is shared."""
    rest: str

    def text(self, nonce: str) -> str:
        """With the word that is new each time."""
        return f"{self.shared} {nonce} {self.rest}".strip()


def prompt(chance: random.Random, words: int, shared_words: int = 0) -> Prompt:
    """So many words, of which the first `shared_words` are the same each time."""
    shared = [WORDS[number * 7 % len(WORDS)] for number in range(min(shared_words, words))]
    return Prompt(" ".join(shared), " ".join(chance.choices(WORDS, k=words - len(shared))))
