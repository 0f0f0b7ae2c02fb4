"""What of the gateway's files depends on TLS."""

from deploys.render.nginx_errors import page
from deploys.render.nginx_text import nginx_word
from deploys.settings.gateway import Gateway
from deploys.settings.tls import Tls
from deploys.settings.words import bracketed

# Mozilla's intermediate profile, version 5.7 (ssl-config.mozilla.org/guidelines/5.7.json), without
# its three DHE suites: they need parameters of our own, and only clients from before 2014 them.
CIPHERS = (
    *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    *("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    *("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"),
)
CURVES = ("X25519", "prime256v1", "secp384r1")


def tls_values(tls: Tls | None) -> dict[str, object] | None:
    """What the templates need; None without TLS."""
    if tls is None:
        return None
    return {
        "names": [nginx_word(name) for name in tls.names],
        "by_acme": tls.acme is not None,
        "ciphers": ":".join(CIPHERS),
        "curves": ":".join(CURVES),
        "not_tls": page("not_tls", (497,), 400, "Only https:// is served here.").body,
        "misdirected": page(
            "misdirected", (), 421, "The request names another host than its TLS handshake."
        ).body,
    }


def challenge_listener(gateway: Gateway) -> str:
    """ADDRESS:PORT of the host where ACME challenges are answered; empty without ACME."""
    acme = gateway.tls.acme if gateway.tls is not None else None
    return f"{bracketed(gateway.address)}:{acme.port}" if acme is not None else ""


def public_port(gateway: Gateway) -> int:
    """The container's port for clients."""
    return 8080 if gateway.tls is None else 8443


def health_port(gateway: Gateway) -> int:
    """Where Docker asks inside the container; with TLS the listener for clients wants a name."""
    return 8080 if gateway.tls is None else 8081
