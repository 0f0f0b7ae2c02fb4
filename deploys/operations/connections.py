"""What every run of pyinfra has from its first connection on; the root's config.py asks for it.

A host that is lost is an error with words at whatever the run was: a fact that is asked while
pyinfra still prepares, an operation, a transfer. What libraries print beside it is left out.
"""

import logging
import sys

import gevent
from paramiko import SSHException
from pyinfra.api.exceptions import PyinfraError
from pyinfra.connectors.ssh import SSHConnector

from deploys.operations import keep_alive


def watch() -> None:
    """Has every host of this run watched, and its loss told once."""
    keep_alive.watch(SSHConnector)
    # gevent prints a traceback of what ends a host's part of a run; pyinfra then tells it in words.
    hub = gevent.get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, PyinfraError)
    leave_out_lost_files()
    # paramiko logs a traceback of what it then raises, and this run tells in words; who asks for
    # logs (`pyinfra --debug-all`) still gets it.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())


def leave_out_lost_files() -> None:
    """Says nothing of paramiko's files that cannot be closed because their connection is gone.

    Its `__del__` tries to, and Python tells of each with a traceback.
    """
    usual = sys.unraisablehook

    def told(found: "sys.UnraisableHookArgs") -> None:
        module = str(getattr(found.object, "__module__", ""))
        lost = isinstance(found.exc_value, (EOFError, OSError, SSHException))
        if not (lost and module.startswith("paramiko.")):
            usual(found)

    sys.unraisablehook = told
