"""Runs inside an image of vLLM: its flags, as its own parser has them, as JSON on stdout.

Needs nothing but that vLLM, and no GPU. Lists that it looks into late are told where they are
found, and named under `untold` where this version keeps them elsewhere.
"""

import argparse
import importlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, TextIO, get_args

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
    """One for each setting, with every spelling that is taken: 0.33 hides some from its help."""
    spelt = defaultdict(list)
    actions: dict[str, argparse.Action] = {}
    for name, action in parser._option_string_actions.items():
        if not isinstance(action, argparse._HelpAction):
            spelt[action.dest].append(name)
            actions.setdefault(action.dest, action)
    return [_flag(parser, actions[dest], names) for dest, names in spelt.items()]


def _flag(
    parser: argparse.ArgumentParser, action: argparse.Action, names: list[str]
) -> dict[str, Any]:
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
    """Whether an empty object becomes something else than text, and a mere word nothing."""
    return not isinstance(_read(action, "{}"), str | None) and _read(action, "word") is None


def _read(action: argparse.Action, text: str) -> object:
    """What a value becomes; None: it is refused."""
    if not callable(action.type):
        return text
    try:
        return action.type(text)
    except Exception:
        return None


def _negated(parser: argparse.ArgumentParser, names: list[str], dest: str) -> list[str]:
    """Names that say the opposite of the first long one, tried on the parser itself."""
    said = {name: _said(parser, name, dest) for name in names}
    first = next(name for name in names if name.startswith("--"))
    return [name for name in names if said[name] != said[first]]


def _said(parser: argparse.ArgumentParser, name: str, dest: str) -> object:
    found, _ = argparse.ArgumentParser.parse_known_args(parser, [name])
    return getattr(found, dest)


def _default(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str) if value else ""
    # None, nothing said, or a whole configuration with parts of its own.
    said = isinstance(value, str | int | float) and value != argparse.SUPPRESS
    return str(value) if said else ""


def stdout_alone() -> TextIO:
    """Stdout as it was; what vLLM and its libraries print there from now on goes to stderr: vLLM
    logs on stdout.
    """
    sys.stdout.flush()
    alone = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return alone


if __name__ == "__main__":
    # The flags are the same for every device, and none is looked for.
    os.environ["VLLM_TARGET_DEVICE"] = "cpu"
    with stdout_alone() as answer:
        json.dump(document(), answer)
