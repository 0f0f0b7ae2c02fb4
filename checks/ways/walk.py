"""Follows a request from the location where it comes in to every address that it can reach."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.ways.tree import Directive
from checks.ways.variables import Scope, Value, assigned_in, maps_of, values

PASSES = ("proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass")
# Whose first argument is a location that nginx asks as well.
ALSO_ASKED = ("mirror", "auth_request", "post_action")
# What a module may send a request to: gateway.js knows this variable and no other place.
ROUTE = "route"
# What a script must not do for that to be true.
_EXITS = re.compile(r"ngx\.fetch|\bfetch\(|subrequest|js_fetch|internalRedirect\((?!route\))")


@dataclass(frozen=True)
class Way:
    """One address that can be reached, and through which locations."""

    address: str
    """HOST:PORT; `?` where the files leave it open."""
    through: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' -> '.join(self.through)} -> {self.address}"


@dataclass
class _Walk:
    """The way so far."""

    server: Directive
    upstreams: Mapping[str, Directive]
    scope: Scope
    seen: set[str] = field(default_factory=set)


def ways(tree: Directive, path: str, known: Mapping[str, str]) -> list[Way]:
    """Every address that a request for `path` can reach by any listener, as much as is known."""
    http = next(tree.all("http"))
    upstreams = {one.arguments[0]: one for one in http.all("upstream")}
    found = []
    for server in http.all("server"):
        scope = Scope({"uri": path, **known}, maps_of(http), assigned_in(server))
        # What the server's own block does it does for every location.
        whole = Directive("location", ("server",), _without_locations(server))
        walk = _Walk(server, upstreams, scope)
        found += [*_from_location(whole, (), walk), *_at(path, (), walk)]
    return found


def hidden_exits(texts: Mapping[str, str]) -> list[str]:
    """Lines of njs modules that could lead somewhere without nginx's files saying so."""
    return [
        f"{file}:{number}: {line.strip()}"
        for file, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if _EXITS.search(line)
    ]


def _at(target: str, through: tuple[str, ...], walk: _Walk) -> Iterator[Way]:
    """Goes on at a path or at a named location, once."""
    if target in walk.seen:
        return
    walk.seen.add(target)
    for location in _matching(target, walk.server):
        yield from _from_location(location, (*through, target), walk)


def _matching(target: str, server: Directive) -> list[Directive]:
    """The locations that may take it: the exact or named one, or all that are no exact ones."""
    locations = list(server.all("location"))
    exact = [one for one in locations if one.arguments in (("=", target), (target,))]
    if exact:
        return exact
    return [
        one
        for one in locations
        if one.arguments[0] in ("~", "~*")
        or (one.arguments[0] not in ("=",) and target.startswith(one.arguments[-1]))
    ]


def _from_location(location: Directive, through: tuple[str, ...], walk: _Walk) -> Iterator[Way]:
    for one in _inside(location):
        if one.name in PASSES:
            yield from _passed(one.arguments[0], through, walk)
        for target in _targets(one):
            yield from _to_any(values(target, walk.scope), through, walk)
    # nginx inherits these only where a location has none of its own.
    if not any(one.name == "error_page" for one in _inside(location)):
        pages = {page.arguments[-1] for page in walk.server.all("error_page")} - walk.seen
        for page in sorted(pages):
            yield from _to_any(values(page, walk.scope), through, walk)


def _targets(one: Directive) -> Iterator[str]:
    """Where else a directive may send a request."""
    if one.name == "error_page":
        yield one.arguments[-1]
    elif one.name in ("js_access", "js_content"):
        yield f"${ROUTE}"
    elif one.name in ALSO_ASKED:
        yield one.arguments[0]
    elif one.name == "try_files":
        yield from one.arguments
    elif one.name == "rewrite" and one.arguments[-1] != "break":
        yield one.arguments[1]


def _to_any(targets: frozenset[Value], through: tuple[str, ...], walk: _Walk) -> Iterator[Way]:
    for target in targets:
        if None in target:
            # Without a map $route is nothing at all; anything else could be anywhere.
            if target != (None,) or ROUTE in walk.scope.maps:
                yield Way("?", through)
        elif target and target[0] and target[0][0] in "@/":
            yield from _at(target[0], through, walk)


def _passed(url: str, through: tuple[str, ...], walk: _Walk) -> Iterator[Way]:
    for value in values(url, walk.scope):
        text = "".join("\0" if part is None else part for part in value)
        host = text.partition("://")[2].partition("/")[0]
        if not host or "\0" in host:
            yield Way("?", through)
        elif host in walk.upstreams:
            for server in walk.upstreams[host].all("server"):
                yield Way(server.arguments[0], through)
        else:
            yield Way(host, through)


def _inside(location: Directive) -> Iterator[Directive]:
    for one in location.block:
        yield one
        if one.name in ("if", "limit_except"):
            yield from _inside(one)


def _without_locations(server: Directive) -> tuple[Directive, ...]:
    return tuple(one for one in server.block if one.name not in ("location", "error_page"))
