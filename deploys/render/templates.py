"""The one Jinja environment, and the filter through which every YAML scalar goes."""

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import jinja2
import yaml

# Starts like a word, a path or a flag; a colon or an equals sign only inside.
PLAIN = re.compile(
    r"(--|/|\./|\.\./|[A-Za-z_])[A-Za-z0-9_./@+-]*([:=][A-Za-z0-9_./@+-]+)*", re.ASCII
)
# Booleans and nulls of YAML 1.1 and 1.2.
NOT_TEXT = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])

Render = Callable[[str, Mapping[str, object]], str]


def literal(value: object) -> str:
    """`value` as a YAML scalar that Compose reads back unchanged.

    Plain where no YAML reader could take it for anything but text, double-quoted otherwise:
    PyYAML and Compose's reader differ on words such as `1e3` and `yes`. Compose interpolates `$`
    in every string, so each is doubled.
    """
    if isinstance(value, bool | int | float):
        return yaml.safe_dump(value).splitlines()[0]
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is not a scalar")
    text = value.replace("$", "$$")
    if PLAIN.fullmatch(text) and text.lower() not in NOT_TEXT:
        return text
    return yaml.safe_dump(text, default_style='"', width=math.inf).rstrip("\n")


def renderer(templates: Path) -> Render:
    """A function (template's path below `templates`, values) -> text."""
    environment = _environment(templates)

    def render(template: str, values: Mapping[str, object]) -> str:
        return environment.get_template(template).render(values)

    return render


@cache
def _environment(templates: Path) -> jinja2.Environment:
    """Kept, because it keeps what it has compiled of the templates."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # YAML and nginx, never HTML: `literal` and the settings' patterns do the escaping.
        autoescape=False,  # noqa: S701
    )
    environment.filters["literal"] = literal
    return environment
