"""Which images a host has."""

from collections.abc import Iterable

from pyinfra.api import FactBase, QuoteString, StringCommand


class ImageIds(FactBase[dict[str, str]]):
    """Returns the ids of those of the given images that the host has, by reference.

    A daemon that does not answer has none: what follows from that is that they are to be made.
    """

    default = dict

    def command(self, references: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "for reference in",
            *map(QuoteString, references),
            "; do if id=$(docker image inspect --format '{{.Id}}' \"$reference\" 2>/dev/null); "
            'then echo "$reference $id"; fi; done',
        )

    def process(self, output: Iterable[str]) -> dict[str, str]:
        pairs = (line.split() for line in output)
        return {words[0]: words[1] for words in pairs if len(words) == 2}
