"""From a reference to the secret behind it, without the secret ever being shown on the way."""

import os
import re
import shlex
import stat
import subprocess
from pathlib import Path

from deploys.settings.refusal import Complaint, Refused

# A password manager may ask its server, or the person for a fingerprint.
COMMAND_SECONDS = 60


class Secret:
    """A value that no repr, log line, error or f-string shows by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for a header or a digest, never for a message."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__


def resolve(reference: str, root: Path) -> Secret:
    """The secret behind `env:NAME`, `file:PATH` or `command:…`; paths are below `root`.

    Raises Refused when it is missing, empty, or open to other users of this machine.
    """
    value = resolve_text(reference, root).reveal().strip()
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        hint = "one line of printable ASCII without blanks: it travels in an HTTP header"
        raise _refused(reference, "holds more than one word", hint)
    return Secret(value)


def resolve_text(reference: str, root: Path) -> Secret:
    """The same, for a secret of several lines, such as a private key; it ends with a newline."""
    kind, _, rest = reference.partition(":")
    read = {"env": _from_environment, "file": _from_file, "command": _from_command}.get(kind)
    if read is None:
        raise _refused(reference, "is no reference to a secret", "env:NAME, file:PATH or command:…")
    value = read(reference, rest, root).strip()
    if not value:
        raise _refused(reference, "is empty", "put the secret there")
    return Secret(f"{value}\n")


def _from_environment(reference: str, name: str, _root: Path) -> str:
    if name not in os.environ:
        raise _refused(reference, "is not set", f"export {name}=… before the command")
    return os.environ[name]


def _from_file(reference: str, name: str, root: Path) -> str:
    path = root / Path(name).expanduser()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                found = f"is open to other users of this machine (mode {mode:04o})"
                raise _refused(reference, found, f"chmod 600 {path}")
            return file.read()
    except OSError as error:
        hint = f"write the secret into {path}, with mode 0600"
        raise _refused(reference, f"cannot be read: {error.strerror}", hint) from None


def _from_command(reference: str, command: str, root: Path) -> str:
    # What the command printed stays out of the message: it may be half of the secret.
    hint = "run it by hand to see why; it must print the secret and nothing else"
    try:
        answer = subprocess.run(
            shlex.split(command),
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "quotes do not match"
        raise _refused(reference, f"cannot be run: {reason}", hint) from None
    except subprocess.TimeoutExpired:
        found = f"did not end within {COMMAND_SECONDS} s"
        raise _refused(reference, found, hint) from None
    if answer.returncode != 0:
        raise _refused(reference, f"ended with exit status {answer.returncode}", hint)
    return answer.stdout


def _refused(reference: str, found: str, hint: str) -> Refused:
    return Refused([Complaint(reference, "", found, hint)])
