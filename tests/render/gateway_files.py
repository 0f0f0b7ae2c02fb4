"""The gateway's files as a plan gives them, and what tests read from them."""

import re
from pathlib import Path

from deploys.plan.plan import Plan
from deploys.render.compose import compose_files
from deploys.render.nginx import nginx_files
from deploys.render.templates import renderer
from tests.render.plans import HOST

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def gateway_files(plan: Plan, host: str = HOST) -> dict[str, str]:
    """What nginx gets at a gateway of a small plan."""
    return nginx_files(plan, plan.host(host), renderer(TEMPLATES), TEMPLATES)


def composed(plan: Plan, host: str = HOST) -> dict[str, str]:
    """The Compose files of a host of a small plan, and what lies beside them."""
    return compose_files(plan, plan.host(host), renderer(TEMPLATES), gateway_files(plan, host))


def write_files(files: dict[str, str], folder: Path) -> None:
    """Writes them as they lie on a host."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def own(files: dict[str, str]) -> dict[str, str]:
    """Without those of the egress hop, an nginx of its own."""
    return {name: text for name, text in files.items() if not name.startswith("egress/")}


def words(text: str) -> list[str]:
    """The configuration without its comments, blank-separated."""
    return re.sub(r"(?m)^\s*#.*$", "", text).split()


def map_values(text: str, variable: str) -> set[str]:
    """Every value that a map can give to its variable, by way of others too; never an empty one."""
    (block,) = re.findall(rf"\nmap [^\n]* \${variable} \{{(.*?)\n\}}", text, re.DOTALL)
    values = set(re.findall(r" \S+ (\S+);", block)) - {'""'}
    others = {value for value in values if value.startswith("$")}
    return (values - others).union(*(map_values(text, other[1:]) for other in others))


def locations(files: dict[str, str]) -> dict[str, str]:
    """Name, such as `= /healthz` or `@again` -> what stands in it; of all files."""
    text = "\n".join(files.values())
    pattern = r"(?m)^( *)location ([^\n]*?) \{\n(.*?)\n\1\}"
    return {name: block for _, name, block in re.findall(pattern, text, re.DOTALL)}
