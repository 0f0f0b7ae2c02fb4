"""Packages on a host and in its package sources."""

from collections.abc import Iterable

from pyinfra.api import FactBase

from deploys.questions.packages import Package, parse_packages, question


class Packages(FactBase[dict[str, Package]]):
    """Returns packages by name; those that are neither installed nor known are left out."""

    default = dict

    def command(self, packages: tuple[str, ...], patterns: tuple[str, ...] = ()) -> str:
        """`patterns` (dpkg's wildcards) add to the result what is installed and fits."""
        return question(packages, patterns)

    def process(self, output: Iterable[str]) -> dict[str, Package]:
        return parse_packages(output)
