"""What a gateway has logged: the access log lies in files on its host, the rest with Docker."""

import shlex

# In the gateway's container; outside of it a folder of the kit's.
FOLDER = "/srv/homeport/logs/gateway"

_CONTAINER = """\
container=$(docker ps --quiet --all --filter label=com.docker.compose.project={project} \
--filter label=com.docker.compose.service=nginx | head -n 1)
[ -n "$container" ] || {{ echo "there is no gateway's container" >&2; exit 3; }}
"""
# Old files sort by their time. The current one is opened first: one that becomes an old one in
# between would be told twice or not at all, so that old ones are listed again.
_FILES = (
    '{ cd "$1" && [ -e access.log ]; } 2>/dev/null || exit 0; export LC_ALL=C; '
    "while exec 3<access.log && set -- access-*.log && ! [ access.log -ef /dev/fd/3 ]; do :; done; "
    'cat "$@" - <&3 2>/dev/null; true'
)
# Where that folder lies on the host, in the words of `docker inspect`.
_SOURCE = f'{{{{range .Mounts}}}}{{{{if eq .Destination "{FOLDER}"}}}}{{{{.Source}}}}'
_SOURCE += "{{end}}{{end}}"
# The files are nginx's own: who is not root reads them from within its container. A gateway of an
# older release has no such folder, and its access log with Docker.
_ACCESS = f"""\
files={shlex.quote(_FILES)}
folder=$(docker inspect --format {shlex.quote(_SOURCE)} "$container") || exit 3
access() {{
    if [ -z "$folder" ]; then :
    elif [ -x "$folder" ]; then sh -c "$files" sh "$folder"
    else docker exec "$container" sh -c "$files" sh {FOLDER}; fi
}}
"""


def lines_since(project: str, since: str, *, with_errors: bool) -> str:
    """sh: the access log's lines of a gateway, oldest first; before them nginx's other ones.

    `since` is a time ago (`90s`), or seconds since 1970 by the host's clock, of which the access
    log knows whole ones. Ends with 3 where there is no gateway.
    """
    errors = "2>&1" if with_errors else "2>/dev/null"
    moment = f"-{since[:-1]} seconds" if since.endswith("s") else f"@{since}"
    return (
        _CONTAINER.format(project=shlex.quote(project))
        + _ACCESS
        + f'docker logs --since {since} "$container" {errors}\n'
        # Each line begins with its time: {"time":"2026-11-27T10:00:00
        + f"since=$(date --utc --date '{moment}' +%FT%T) || exit 3\n"
        + """access | awk -v since="$since" 'substr($0, 10, 19) >= since'\n"""
    )


def oldest_time(project: str) -> str:
    """sh: when the oldest line was written that is kept, and what follows; nothing without one."""
    return (
        _CONTAINER.format(project=shlex.quote(project))
        + _ACCESS
        + r"""oldest=$(access | head -n 1 | sed -n 's/^{"time":"\([^"]*\)".*/\1/p')
if [ -n "$oldest" ]; then echo "$oldest"
else docker logs --timestamps "$container" 2>&1 | head -n 1; fi
"""
    )
