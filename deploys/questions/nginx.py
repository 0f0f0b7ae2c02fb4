"""Which nginx and njs an image holds, and whether they are new enough.

The package's version counts, not only what `nginx -v` says: distributions mend without raising that
number, and official images bring packages of their own.
"""

import re
import shlex
from collections.abc import Iterable, Mapping

# Security fixes of 2026 that the gateway relies on: CVE-2026-42945 and -9256 (rewrite), -42533
# (maps with expressions), -42926, -93479 (scripts). 1.30 also has what the files need: `resolve`,
# keepalive_min_timeout, add_header_inherit.
LEAST: Mapping[str, tuple[int, ...]] = {"nginx": (1, 30, 6), "njs": (1, 0, 2)}

# In the image: Debian's packages, nginx.org's (njs after the `+` of nginx's version), the programs.
_INSIDE = r"""
for package in nginx libnginx-mod-http-js nginx-module-njs; do
    version=$(dpkg-query --show --showformat '${Version}' "$package" 2>/dev/null) &&
        echo "$package $version"
done
apk info --installed --verbose nginx 2>/dev/null | sed -n 's/^nginx-\([0-9]\)/apk-nginx \1/p'
nginx -v 2>&1 | sed -n 's,^nginx version: nginx/,nginx-v ,p'
njs -v 2>/dev/null | sed -n 's/^[0-9]/njs-v &/p'
true
"""
# Of nginx's error log: the connection's number, and the engine that broke off within an answer.
BROKEN_OFF = r'\*(\d+) .* while reading upstream, .*upstream: "http://([^/"]+)/'
_VERSION = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)*)(?:\+(\d+(?:\.\d+)+))?")


def question_of_image(image: str) -> str:
    """sh: what is known of an image's versions, one `SOURCE VERSION` a line."""
    return (
        "docker run --rm --network none --read-only --cap-drop ALL --entrypoint sh "
        f"{shlex.quote(image)} -c {shlex.quote(_INSIDE)}"
    )


def question_of_service(project: str, service: str) -> str:
    """sh: the same of a container of Compose that runs; nothing when it does not."""
    labels = {"project": project, "service": service}
    filters = " ".join(
        f"--filter {shlex.quote(f'label=com.docker.compose.{key}={value}')}"
        for key, value in labels.items()
    )
    return (
        f"id=$(docker ps --quiet {filters} 2>/dev/null | head -n 1); "
        f'if [ -n "$id" ]; then docker exec "$id" sh -c {shlex.quote(_INSIDE)} 2>/dev/null; fi'
    )


def parse_versions(output: Iterable[str]) -> dict[str, str]:
    """Source (`nginx`, `nginx-v`, `njs-v`, a package) -> its version as it says it."""
    rows = (line.split() for line in output)
    return {row[0]: row[1] for row in rows if len(row) == 2}


def too_old(versions: Mapping[str, str], *, with_njs: bool = True) -> list[str]:
    """Why an image is not fit, in words: every source that answers must be new enough.

    Without njs none of it is needed, and it is not loaded where it is there.
    """
    found = []
    for what, sources in _SOURCES.items():
        if what == "njs" and not with_njs:
            continue
        answers = {source: versions[source] for source in sources if source in versions}
        least = ".".join(map(str, LEAST[what]))
        if not answers:
            found.append(f"the version of {what} cannot be told; {least} is the oldest that is fit")
        found += [
            f"{what} {version} ({source}) is older than {least}"
            for source, version in answers.items()
            if _numbers(version, after_plus=source == "nginx-module-njs") < LEAST[what]
        ]
    return found


_SOURCES = {
    "nginx": ("nginx", "apk-nginx", "nginx-v"),
    "njs": ("libnginx-mod-http-js", "nginx-module-njs", "njs-v"),
}


def _numbers(version: str, *, after_plus: bool) -> tuple[int, ...]:
    match = _VERSION.match(version)
    text = (match[2] if after_plus else match[1]) if match is not None else None
    return tuple(int(part) for part in text.split(".")) if text else ()
