"""Who holds which of several keys, and until when, for clients.conf."""

from collections.abc import Mapping

from deploys.render.nginx_errors import ASK_FOR_A_KEY, KEY_NEEDED, ErrorPage, page
from deploys.settings.client import Client, Key, every_key
from deploys.settings.gateway import Gateway

Values = dict[str, object]
TIME_DIGITS = 10


def client_values(clients: Mapping[str, Client], gateway: Gateway) -> Values:
    """Empty lists where each client has one key that stays: then its name is all there is."""
    several = any(client.keys for client in clients.values())
    keys = [
        {"id": key_id, "client": name, **_end(key_id, key)}
        for key_id, name, key in every_key(clients)
        if several
    ]
    expire = keys_expire(clients)
    return {
        "named_keys": keys,
        "keys_expire": expire,
        "keys_expire_by_njs": expire and gateway.njs,
    }


def _end(key_id: str, key: Key) -> Values:
    if key.ends is None:
        return {"ends": None}
    ends = int(key.ends.timestamp())
    return {"ends": ends, "pattern": key_id.replace(".", "[.]"), "earlier": earlier(ends)}


def earlier(seconds: int) -> str:
    """A regular expression for the beginning of every number of ten digits below `seconds`: times
    from 2001 to 2286. Maps cannot compare numbers.
    """
    digits = f"{seconds:010}"
    if len(digits) > TIME_DIGITS:
        return "[0-9]"
    below = [
        f"{digits[:place]}[0-{int(digit) - 1}]" for place, digit in enumerate(digits) if digit > "0"
    ]
    return "|".join(below)


def keys_expire(clients: Mapping[str, Client]) -> bool:
    """Whether any key is refused from some day on."""
    return any(key.ends for _, _, key in every_key(clients))


def client_pages(clients: Mapping[str, Client]) -> list[ErrorPage]:
    """What the holder of an expired key is told: nobody else can get this answer."""
    expired = f"This API key has expired. {KEY_NEEDED}"
    page_of_it = page("expired_key", (), 401, expired, ASK_FOR_A_KEY)
    return [page_of_it] if keys_expire(clients) else []
