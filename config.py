"""pyinfra reads this file from the repository root before every run."""

from pyinfra import config

from deploys.operations import connections, unread_source

# Operation identity, group data order and exit codes were measured on 3.10; see CONTRIBUTING.md.
config.REQUIRE_PYINFRA_VERSION = "~=3.10.0"

# The default lets the other hosts go on after one failed: a bad release would reach the fleet.
config.FAIL_PERCENT = 0

# A lost host is told in words, and in about a minute.
connections.watch()

# An order by line numbers needs no lines.
unread_source.read_no_source()
