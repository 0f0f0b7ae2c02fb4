"""The exit codes of every verb, documented in README.md and held by tests."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a program that calls `homeport` can rely on."""

    DONE = 0
    OPERATION_FAILED = 1
    CHANGES_PENDING = 2
    CONFIRMATION_NEEDED = 3
    HOST_UNREACHABLE = 4
    VERIFICATION_FAILED = 5
    ROLLED_BACK = 6
    REFUSED = 7
    LOCKED = 8
    MISUSE = 64
