"""Connections of clients that do not keep to HTTP."""

import socket

from tests.e2e.gateway_lab import Lab


def connect(lab: Lab) -> socket.socket:
    """One to the gateway, with nothing sent yet."""
    host, port = lab.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)
