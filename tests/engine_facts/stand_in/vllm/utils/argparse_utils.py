"""The parser's class."""

import argparse


class FlexibleArgumentParser(argparse.ArgumentParser):
    """As it is called there."""
