"""What may import what: DESIGN's walls, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = (
    *("deploys/settings", "deploys/catalogue", "deploys/plan", "deploys/render"),
    *("deploys/history", "deploys/questions", "deploys/survey", "deploys/batch"),
    "deploys/engine_facts",
    "deploys/causes",
    "deploys/indexing",
    "deploys/watching",
)


def _python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _importers(package: str, files: list[Path]) -> list[str]:
    return [
        str(path.relative_to(ROOT))
        for path in files
        if any(name == package or name.startswith(f"{package}.") for name in _imports(path))
    ]


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def _writes(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in ("write_text", "write_bytes", "unlink", "mkdir", "rename", "touch", "rmtree"):
        return True
    modes = [argument.value for argument in call.args[:2] if isinstance(argument, ast.Constant)]
    return name == "open" and any(
        isinstance(mode, str) and set(mode) & set("wax+") for mode in modes
    )


def test_inventories_import_nothing() -> None:
    for path in _python_files("inventories"):
        assert list(_imports(path)) == [], path


@pytest.mark.parametrize("package", ["pyinfra", "testinfra", "pyinfra_cli"])
def test_plan_and_render_import_neither_pyinfra_nor_testinfra(package: str) -> None:
    assert _importers(package, _python_files(*PURE)) == []


def test_plan_and_render_open_nothing_for_writing() -> None:
    pure = ("plan", "render", "survey", "engine_facts", "causes")
    files = _python_files(*(f"deploys/{name}" for name in pure))
    writers = [str(path) for path in files if any(_writes(call) for call in _calls(path))]
    assert writers == []


def test_only_one_probe_imports_testinfra() -> None:
    assert _importers("testinfra", _python_files("deploys", "checks")) == ["checks/probes/host.py"]


def test_only_one_probe_imports_pynvml() -> None:
    files = _python_files("deploys", "checks")
    assert _importers("pynvml", files) == ["checks/probes/on_host/nvml.py"]


def test_of_the_deploys_the_command_and_the_watch_alone_import_checks() -> None:
    importers = _importers("checks", _python_files("deploys"))
    assert {path for path in importers if not path.startswith("deploys/cli/")} == {
        "deploys/watching/gpus.py"
    }


def test_nobody_imports_pyinfra_cli() -> None:
    assert _importers("pyinfra_cli", _python_files("deploys", "checks", "tests")) == []


def test_the_command_imports_no_pyinfra() -> None:
    assert _importers("pyinfra", _python_files("deploys/cli", "checks")) == []


def test_runnable_deploys_hold_no_logic() -> None:
    for path in sorted((ROOT / "deploys").glob("*.py")):
        tree = ast.parse(path.read_text())
        logic = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.Lambda)
        assert not [node for node in ast.walk(tree) if isinstance(node, logic)], path


def test_deploys_evaluate_no_settings() -> None:
    files = [
        *(ROOT / "deploys").glob("*.py"),
        *_python_files("deploys/operations", "deploys/facts"),
    ]
    for package in ("deploys.settings.environment", "deploys.plan", "deploys.render.files"):
        assert _importers(package, files) == []


def test_the_detector_of_writing_sees_each_way_to_write() -> None:
    for text in ("open('file', 'w')", "p.open('a')", "p.write_text('x')", "p.mkdir()"):
        assert _writes(
            next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
        )
    for text in ("open('file')", "p.open('rb')", "p.read_text()"):
        assert not _writes(
            next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
        )
