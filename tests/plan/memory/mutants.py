"""A module's source with one operator, number or choice changed, in every way that is tried."""

import ast
import copy
from collections.abc import Iterator
from types import ModuleType

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_NAMES = {"min": "max", "max": "min"}


def mutants(source: str) -> Iterator[tuple[str, ModuleType]]:
    """(what was changed, the module that comes of it)."""
    tree = ast.parse(source)
    count = sum(1 for _ in ast.walk(tree))
    for index in range(count):
        changed = copy.deepcopy(tree)
        node = list(ast.walk(changed))[index]
        words = _change(node)
        if words is None:
            continue
        module = ModuleType("mutant")
        code = compile(ast.fix_missing_locations(changed), "mutant", "exec")
        exec(code, module.__dict__)  # noqa: S102 - our own source, changed in one place
        yield words, module


def _change(node: ast.AST) -> str | None:
    """Changes a node in place; None where there is nothing to change."""
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.BinOp | ast.Compare):
        return _swap(node, line)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        before = node.value
        if isinstance(before, bool):
            return None
        node.value = before + 1
        return f"line {line}: {before} became {node.value}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        before_name = node.func.id
        node.func.id = _NAMES[before_name]
        return f"line {line}: {before_name} became {node.func.id}"
    if isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
        return f"line {line}: the branches of a choice were exchanged"
    return None


def _swap(node: ast.BinOp | ast.Compare, line: int) -> str | None:
    operator = node.op if isinstance(node, ast.BinOp) else node.ops[0]
    other = _SWAPS.get(type(operator))
    if other is None:
        return None
    if isinstance(node, ast.BinOp):
        node.op = other()  # type: ignore[assignment]  # of its kind
    else:
        node.ops[0] = other()  # type: ignore[call-overload]  # likewise
    return f"line {line}: {type(operator).__name__} became {other.__name__}"
