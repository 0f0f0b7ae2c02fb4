"""What clients may ask of the gateway: zones and maps for nginx, and what it says beyond them."""

from collections.abc import Iterable, Mapping

from deploys.render.nginx_errors import ErrorPage, page
from deploys.settings.client import Client
from deploys.settings.gateway import Gateway
from deploys.settings.tier import DEFAULT_BURST, Anonymous, Tier

Values = dict[str, object]

# Each worker has 8192 connections (nginx.conf), and a request takes two. Half of that is left:
# the kernel does not hand out connections evenly, and clients keep idle ones.
IN_FLIGHT_PER_WORKER = 2048
# nginx's structures, and 512 bytes for each client: a count takes under 200, and around midnight
# there are two.
TOKEN_ZONE_KIB = 64


def limit_values(gateway: Gateway, clients: Mapping[str, Client]) -> Values:
    """What limits.conf and limited.conf show; tiers that no client names are left out."""
    used = used_tiers(gateway, clients)
    tiers = [_tier(name, tier) for name, tier in used.items()]
    return {
        "anonymous": gateway.anonymous,
        "requests_in_flight": requests_in_flight(gateway),
        "tiers": tiers,
        "tiered_clients": [
            {"name": name, "tier": client.tier}
            for name, client in sorted(clients.items())
            if client.tier is not None
        ],
        "concurrent_tiers": [tier for tier in tiers if tier["concurrent_requests"]],
        "rates": [rate for name, tier in used.items() for rate in _rates(name, tier)],
        "tier_maps": _tier_maps(used),
        "counts_tokens": counts_tokens(gateway, clients),
        "token_zone_kib": TOKEN_ZONE_KIB + len(clients) // 2,
    }


def used_tiers(gateway: Gateway, clients: Mapping[str, Client]) -> dict[str, Tier]:
    """Those that a client names, by name."""
    used = sorted({client.tier for client in clients.values() if client.tier is not None})
    return {name: gateway.tiers[name] for name in used}


def requests_in_flight(gateway: Gateway) -> int:
    """How many requests of all clients are answered at the same time."""
    return gateway.requests_in_flight or IN_FLIGHT_PER_WORKER * gateway.workers


def counts_tokens(gateway: Gateway, clients: Mapping[str, Client]) -> bool:
    """Whether any client's tokens are limited."""
    return _any_counts(gateway.tiers[one.tier] for one in clients.values() if one.tier is not None)


def _any_counts(tiers: Iterable[Tier]) -> bool:
    return any(tier.counts_tokens for tier in tiers)


def limit_pages(gateway: Gateway, clients: Mapping[str, Client]) -> list[ErrorPage]:
    """The answers beyond each limit that is rendered, with when to come again."""
    tiers = [gateway.tiers[client.tier] for client in clients.values() if client.tier is not None]
    retry = ("Retry-After 2",)
    full = "The gateway answers as many requests as it can; come again."
    wrong = "Too many requests without a valid API key from this address."
    at_once = any(tier.concurrent_requests for tier in tiers)
    pages = [
        # Where no tier limits what runs at once, 481 has no other meaning.
        page("overloaded", () if at_once else (481,), 503, full, retry),
        page("too_many_wrong_keys", (484,), 429, wrong, (_retry(gateway.anonymous),)),
    ]
    if at_once:
        words = "Tier <tier> allows <requests_at_once> requests at the same time."
        pages.append(page("too_many_at_once", (), 429, words, retry))
    if any(_retry_seconds(tier) for tier in tiers):
        after = ("Retry-After $seconds_to_next_request",)
        pages.append(
            page("too_many_requests", (480,), 429, "Tier <tier> allows <rate_words>.", after)
        )
    return pages + (_token_pages() if counts_tokens(gateway, clients) else [])


def _retry(anonymous: Anonymous) -> str:
    return f"Retry-After {-(-60 // anonymous.requests_per_minute)}"


def _token_pages() -> list[ErrorPage]:
    minute = "Tier <tier> allows <tokens_per_minute> tokens a minute, and they are used up."
    day = "Tier <tier> allows <tokens_per_day> tokens a day, used up until midnight UTC."
    # A client library would sleep until then, or ask on and on.
    tomorrow = ("Retry-After $seconds_to_next_day", "X-Should-Retry false")
    next_minute = ("Retry-After $seconds_to_next_minute",)
    return [
        page("tokens_per_minute", (482,), 429, minute, next_minute),
        page("tokens_per_day", (483,), 429, day, tomorrow),
    ]


def _tier(name: str, tier: Tier) -> Values:
    return {
        "name": name,
        "words": _words(tier),
        "rates": _rates(name, tier),
        "concurrent_requests": tier.concurrent_requests,
        "counts_tokens": tier.counts_tokens,
    }


def _rates(name: str, tier: Tier) -> list[Values]:
    burst = DEFAULT_BURST if tier.burst is None else tier.burst
    per = {"second": tier.requests_per_second, "minute": tier.requests_per_minute}
    return [
        {"zone": f"{name}_per_{unit}", "rate": f"{number}r/{unit[0]}", "burst": burst}
        for unit, number in per.items()
        if number is not None
    ]


def _tier_maps(tiers: Mapping[str, Tier]) -> list[Values]:
    """Variables whose value follows from the client's tier, for error pages and tokens.js."""
    # tokens.js asks for both.
    always = ("tokens_per_minute", "tokens_per_day") if _any_counts(tiers.values()) else ()
    values: dict[str, dict[str, str | int | None]] = {
        "rate_words": {name: _rate_words(tier) for name, tier in tiers.items()},
        "seconds_to_next_request": {name: _retry_seconds(tier) for name, tier in tiers.items()},
        "requests_at_once": {name: tier.concurrent_requests for name, tier in tiers.items()},
        "tokens_per_minute": {name: tier.tokens_per_minute for name, tier in tiers.items()},
        "tokens_per_day": {name: tier.tokens_per_day for name, tier in tiers.items()},
    }
    return [
        {"variable": variable, "lines": lines}
        for variable, by_tier in values.items()
        for lines in [[{"tier": name, "value": value} for name, value in by_tier.items() if value]]
        if lines or variable in always
    ]


def _rate_words(tier: Tier) -> str:
    per = {"second": tier.requests_per_second, "minute": tier.requests_per_minute}
    rates = [f"{number} requests a {unit}" for unit, number in per.items() if number is not None]
    burst = DEFAULT_BURST if tier.burst is None else tier.burst
    return " and ".join(rates) + f" and {burst} more at once" if rates else ""


def _retry_seconds(tier: Tier) -> int | None:
    """When the next request fits for certain."""
    if tier.requests_per_minute is not None:
        return -(-60 // tier.requests_per_minute)
    return 1 if tier.requests_per_second is not None else None


def _words(tier: Tier) -> str:
    at_once, minute, day = tier.concurrent_requests, tier.tokens_per_minute, tier.tokens_per_day
    parts = [
        _rate_words(tier),
        f"{at_once} requests at the same time" if at_once else "",
        f"{minute} tokens a minute" if minute else "",
        f"{day} tokens a day" if day else "",
    ]
    return "; ".join(part for part in parts if part) or "no limits"
