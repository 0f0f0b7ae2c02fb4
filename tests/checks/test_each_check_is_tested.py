"""No check without a test that makes it fail."""

import ast
from pathlib import Path

import pytest

CHECKS = sorted((Path(__file__).parents[2] / "checks").glob("check_*.py"))
TESTS = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_*.py"))


@pytest.mark.parametrize("file", CHECKS, ids=lambda file: file.stem)
def test_every_check_is_named_in_a_test(file: Path) -> None:
    functions = [node for node in ast.parse(file.read_text()).body if hasattr(node, "name")]
    names = [
        str(node.name).removeprefix("check_").replace("_", " ")
        for node in functions
        if str(node.name).startswith("check_")
    ]
    assert names
    assert [name for name in names if f'"{name}"' not in TESTS] == []
