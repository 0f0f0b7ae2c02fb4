"""Runs in the wheel's own Python: its dump, and what it says of each command line.

Command lines as JSON on standard input, a list of lists of words; answers on standard output.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import sys

from deploys.engine_facts import vllm_dump


def said(parser: argparse.ArgumentParser, words: list[str]) -> str:
    """Why `vllm serve` refuses these words; empty: it does not, as far as it looks at its start."""
    serve = importlib.import_module("vllm.entrypoints.cli.serve")
    try:
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            serve.ServeSubcommand().validate(parser.parse_args(words))
    except SystemExit:
        return printed.getvalue().strip().splitlines()[-1]
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    os.environ["VLLM_TARGET_DEVICE"] = "cpu"
    lines = json.load(sys.stdin)
    with vllm_dump.stdout_alone() as answer:
        one = vllm_dump.serve_parser()
        answers = [said(one, words) for words in lines]
        json.dump({"dump": vllm_dump.document(), "said": answers}, answer)
