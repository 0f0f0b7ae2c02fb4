"""Who holds which of several keys, and until when, for clients.conf."""

from collections.abc import Mapping

from deploys.render.nginx_errors import ASK_FOR_A_KEY, KEY_NEEDED, ErrorPage, page
from deploys.settings.client import Client, every_key

Values = dict[str, object]


def client_values(clients: Mapping[str, Client]) -> Values:
    """Empty lists where each client has one key that stays: then its name is all there is."""
    several = any(client.keys for client in clients.values())
    keys = [
        {"id": key_id, "client": name, "ends": int(key.ends.timestamp()) if key.ends else None}
        for key_id, name, key in every_key(clients)
        if several
    ]
    return {"named_keys": keys, "keys_expire": keys_expire(clients)}


def keys_expire(clients: Mapping[str, Client]) -> bool:
    """Whether any key is refused from some day on."""
    return any(key.ends for _, _, key in every_key(clients))


def client_pages(clients: Mapping[str, Client]) -> list[ErrorPage]:
    """What the holder of an expired key is told: nobody else can get this answer."""
    expired = f"This API key has expired. {KEY_NEEDED}"
    page_of_it = page("expired_key", (), 401, expired, ASK_FOR_A_KEY)
    return [page_of_it] if keys_expire(clients) else []
