"""Not vLLM: a parser of the same shapes, in the same places, for the program that asks it."""

import os

# As vLLM's own logger does, and what is loaded beside it.
print("INFO 11-26 12:00:00 [__init__.py:216] No platform detected", flush=True)
os.write(1, b"no version information available\n")
__version__ = "0.99.1+cpu"
