"""Runs inside an image of vLLM: its flags, as its own parser has them, as JSON on stdout.

Needs nothing but that vLLM. Lists that it looks into late are told where they are found, and named
under `untold` where this version keeps them elsewhere.
"""

import argparse
import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, get_args

# Flag -> where its values are: a module, and how to read them from it.
LATE: dict[str, tuple[str, Callable[[Any], Iterable[str]]]] = {
    "--quantization": (
        "vllm.model_executor.layers.quantization",
        lambda module: module.QUANTIZATION_METHODS,
    ),
    "--kv-cache-dtype": ("vllm.config.cache", lambda module: get_args(module.CacheDType)),
    "--load-format": (
        "vllm.model_executor.model_loader",
        lambda module: get_args(module.LoadFormats),
    ),
    "--tool-call-parser": (
        "vllm.tool_parsers",
        lambda module: module.ToolParserManager.list_registered(),
    ),
    "--reasoning-parser": (
        "vllm.reasoning",
        lambda module: module.ReasoningParserManager.list_registered(),
    ),
}


def document() -> dict[str, Any]:
    """Version, flags, late values and variables."""
    late: dict[str, list[str]] = {}
    untold = []
    for flag, (module, values) in LATE.items():
        try:
            late[flag] = sorted(str(value) for value in values(importlib.import_module(module)))
        except (ImportError, AttributeError, TypeError):
            untold.append(flag)
    return {
        "version": importlib.import_module("vllm").__version__,
        "flags": flags(serve_parser()),
        "late": late,
        "untold": untold,
        "environment": sorted(importlib.import_module("vllm.envs").environment_variables),
    }


def serve_parser() -> argparse.ArgumentParser:
    """The parser of `vllm serve`."""
    try:
        utilities = importlib.import_module("vllm.utils.argparse_utils")
    except ImportError:
        utilities = importlib.import_module("vllm.utils")
    serve = importlib.import_module("vllm.entrypoints.cli.serve")
    commands = utilities.FlexibleArgumentParser().add_subparsers()
    parser: argparse.ArgumentParser = serve.ServeSubcommand().subparser_init(commands)
    return parser


def flags(parser: argparse.ArgumentParser) -> list[dict[str, Any]]:
    """One for each setting, hidden spellings among its names."""
    actions = defaultdict(list)
    for action in parser._actions:
        if action.option_strings and not isinstance(action, argparse._HelpAction):
            actions[action.dest].append(action)
    return [_flag(parser, same) for same in actions.values()]


def _flag(parser: argparse.ArgumentParser, actions: list[argparse.Action]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for action in actions for name in action.option_strings))
    action = actions[0]
    return {
        "names": names,
        "takes": _takes(action),
        "negated": _negated(parser, names, action.dest) if action.nargs == 0 else [],
        "fits": [str(one) for one in action.choices or () if one is not None],
        "default": _default(action.default),
    }


def _takes(action: argparse.Action) -> str:
    if action.nargs == 0:
        return "switch"
    if action.nargs in ("+", "*") or isinstance(action.nargs, int):
        return "values"
    return "json" if _reads_json(action) else "value"


def _reads_json(action: argparse.Action) -> bool:
    """Whether an empty object becomes something else than text."""
    if not callable(action.type):
        return False
    try:
        return not isinstance(action.type("{}"), str)
    except Exception:
        return False


def _negated(parser: argparse.ArgumentParser, names: list[str], dest: str) -> list[str]:
    """Names that say the opposite of the first long one, tried on the parser itself."""
    said = {name: _said(parser, name, dest) for name in names}
    first = next(name for name in names if name.startswith("--"))
    return [name for name in names if said[name] != said[first]]


def _said(parser: argparse.ArgumentParser, name: str, dest: str) -> object:
    found, _ = argparse.ArgumentParser.parse_known_args(parser, [name])
    return getattr(found, dest)


def _default(value: object) -> str:
    if value is None or value is argparse.SUPPRESS:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str) if value else ""
    return str(value)


if __name__ == "__main__":
    json.dump(document(), sys.stdout)
