"""Not vLLM: a parser of the same shapes, in the same places, for the program that asks it."""

__version__ = "0.99.1+cpu"
