"""What is sent to hosts runs on any python3 from 3.8 on, with what a minimal one brings."""

import ast
from pathlib import Path

import pytest

from checks.probes import energy, gpus, on_host, survey

FOLDER = Path(on_host.__file__).parent
SENT = sorted({*survey.MODULES, *gpus.MODULES, *energy.MODULES})


def test_every_module_for_hosts_is_sent_by_something() -> None:
    assert [path.stem for path in sorted(FOLDER.glob("*.py"))] == ["__init__", *SENT]


@pytest.mark.parametrize("name", SENT)
def test_what_is_sent_is_python_3_8(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text()
    ast.parse(source, feature_version=(3, 8))
    # Later versions alone know how to evaluate `int | None` where a function is made.
    assert "from __future__ import annotations" in source
    assert not [word for word in ("removeprefix", "removesuffix", "strict=") if word in source]


def test_what_is_sent_needs_no_part_of_python_that_a_minimal_one_lacks() -> None:
    trees = [ast.parse((FOLDER / f"{name}.py").read_text()) for name in SENT]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    imported = {name.partition(".")[0] for name in names} - {"checks", "__future__"}
    # ctypes stands in cuda.py alone, and pynvml in nvml.py, which are left out without it.
    known = {"contextlib", "glob", "os", "re", "select", "signal", "subprocess", "sys"}
    assert imported == known | {
        "threading",
        "time",
        "typing",
        "zlib",
        "ctypes",
        "functools",
        "pynvml",
    }
