"""The certificate that a gateway shows, and the nginx that shows it."""

import socket
import ssl

import httpx

from checks.probes.gateway import Gateway, NoAnswer
from deploys.certificates.reading import Certificate, Unreadable, served

CONNECT_SECONDS = 10


def served_certificate(gateway: Gateway) -> Certificate:
    """What the gateway shows to whoever connects, trusted or not. Raises NoAnswer."""
    address = httpx.URL(gateway.way.url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # It is to be judged, not believed: what is expired must be told as that.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    name = gateway.way.server_name or address.host
    try:
        with (
            socket.create_connection((address.host, address.port or 443), CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=name) as connection,
        ):
            return served(connection.getpeercert(binary_form=True) or b"")
    except (OSError, Unreadable) as error:
        raise NoAnswer(gateway.url, str(error)) from error
