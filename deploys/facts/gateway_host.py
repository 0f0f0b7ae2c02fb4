"""What a gateway's host has besides containers: an image's nginx, and keepalived."""

from collections.abc import Iterable, Mapping

from pyinfra.api import FactBase

from deploys.questions import keepalived, nginx
from deploys.questions.keepalived import Keepalived


class NginxVersions(FactBase[Mapping[str, str]]):
    """Versions of nginx and njs in an image, by what says it; empty when it cannot be asked."""

    default = dict

    def command(self, image: str) -> str:
        """In a container that is gone afterwards."""
        return f"{nginx.question_of_image(image)} || true"

    def process(self, output: Iterable[str]) -> Mapping[str, str]:
        return nginx.parse_versions(output)


class KeepalivedHost(FactBase[Keepalived]):
    """keepalived as the host has it, and the host's addresses."""

    default = Keepalived

    def command(self) -> str:
        return keepalived.QUESTION

    def process(self, output: Iterable[str]) -> Keepalived:
        return keepalived.parse_keepalived(output)
