"""pyinfra puts operations in the order of the lines that ask for them, without reading the lines.

For each operation of each host `inspect` would look up the source of every function on the way
there, of which pyinfra uses the number alone: a fifth of what a run costs that changes nothing.
"""

import inspect
from functools import partial

from pyinfra.api import util


def read_no_source() -> None:
    """For all that this process asks of pyinfra."""
    util.stack = partial(inspect.stack, 0)
    util.getframeinfo = partial(inspect.getframeinfo, context=0)
