"""Refuses, before any host is touched, what would make an apply fail half-way."""

from pyinfra import host

from deploys.operations.manifest import host_directory, this_release
from deploys.operations.preflight import refuse_conflicts

refuse_conflicts(this_release(host), host_directory(host))
