"""The command."""

import argparse
import enum
import json


class Backend(enum.Enum):
    """A default that is no plain word."""

    FAST = "fast"


def object_or_text(text: str) -> object:
    """What reads as an object becomes one, and anything else stays text."""
    return json.loads(text) if text.startswith("{") else text


class ServeSubcommand:
    """As it is called there."""

    def subparser_init(
        self, subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]"
    ) -> argparse.ArgumentParser:
        """Every shape of flag."""
        parser = subparsers.add_parser("serve")
        parser.add_argument("model_tag", nargs="?")
        parser.add_argument("--tensor-parallel-size", "-tp", type=int, default=1)
        parser.add_argument("--dtype", choices=["auto", "half", None], default="auto")
        parser.add_argument("--limit-mm-per-prompt", type=json.loads, default={})
        parser.add_argument("--hf-overrides", type=object_or_text, default=argparse.Namespace())
        parser.add_argument("--mamba-backend", default=Backend.FAST)
        parser.add_argument("--allowed-media-domains", nargs="+")
        parser.add_argument("--tool-call-parser")
        parser.add_argument("--reasoning-parser", default="")
        parser.add_argument("--headless", action="store_true")
        caching = parser.add_argument(
            "--enable-prefix-caching", action=argparse.BooleanOptionalAction, default=None
        )
        # As 0.33 does: the spelling is still taken, and hidden from the action and its help.
        caching.option_strings = ["--enable-prefix-caching"]
        parser.add_argument(
            "--disable-prefix-caching",
            dest="enable_prefix_caching",
            action="store_false",
            help=argparse.SUPPRESS,
        )
        return parser
