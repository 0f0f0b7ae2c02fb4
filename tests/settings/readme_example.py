"""What the README of the settings shows, read as settings."""

import ast
import re

from deploys.settings.group_data import EnvironmentWords
from tests.environments import ROOT, WORDS

README = ROOT / "deploys" / "settings" / "README.md"


def readme_example(heading: str) -> EnvironmentWords:
    """The Python below that heading, with what else an environment needs."""
    section = README.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    words = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(example).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return EnvironmentWords.model_validate({**WORDS, **words}, strict=True)
