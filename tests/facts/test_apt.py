"""Reading apt: mirrors in both forms of sources, candidates, and what a site has set."""

import pytest

from deploys.facts.apt import AptSettings, site_settings
from deploys.facts.apt_sources import AptSource, debian_mirror, parse_sources
from deploys.questions.packages import parse_candidates

ONE_LINE = """\
# deb http://old.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/a.gpg] http://mirror.example/debian/ bookworm main contrib # site
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
"""

DEB822 = """\
Types: deb deb-src
# an old snapshot
URIs: http://snapshot.example/debian/20250520T000000Z
  https://second.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main
"""

POLICY_BOOKWORM = """\
docker-compose-plugin:
  Installed: (none)
  Candidate: (none)
  Version table:
docker-compose:
  Installed: (none)
  Candidate: 1.29.2-3
  Version table:
     1.29.2-3 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
"""

DUMP = """\
Acquire "";
Acquire::Check-Valid-Until "false";
Acquire::http::Proxy "http://user:secret@proxy.example:3128";
Acquire::http::Proxy::mirror.example "DIRECT";
Acquire::http::Proxy-Auto-Detect "/usr/local/bin/find-proxy";
Acquire::Languages "none";
Acquire::https::Proxy "";
APT::Install-Recommends "0";
Dir::Cache "var/cache/apt";
"""


def test_one_line_sources_are_read_with_their_options_and_comments() -> None:
    sources = parse_sources({"/etc/apt/sources.list": ONE_LINE})
    assert AptSource("http://mirror.example/debian", "bookworm", ("main", "contrib")) in sources
    assert not any("old.example" in source.uri for source in sources)
    assert debian_mirror(sources) == "http://mirror.example/debian"


def test_deb822_sources_are_read_with_continued_lines() -> None:
    sources = parse_sources({"/etc/apt/sources.list.d/debian.sources": DEB822})
    assert {source.uri for source in sources} == {
        "http://snapshot.example/debian/20250520T000000Z",
        "https://second.example/debian",
    }
    assert debian_mirror(sources) == "http://snapshot.example/debian/20250520T000000Z"


@pytest.mark.parametrize(
    "line",
    [
        "deb http://mirror.example/debian-security bookworm-security main",
        "deb http://mirror.example/debian bookworm-backports main",
        "deb http://mirror.example/debian bookworm/updates main",
        "deb https://vendor.example/cuda stable contrib",
        "deb file:/srv/mirror bookworm main",
        "deb malformed",
    ],
)
def test_a_source_that_is_not_the_main_archive_is_no_mirror(line: str) -> None:
    assert debian_mirror(parse_sources({"/etc/apt/sources.list": line})) is None


def test_a_candidate_of_none_is_left_out() -> None:
    assert parse_candidates(POLICY_BOOKWORM.splitlines()) == {"docker-compose": "1.29.2-3"}


def test_proxies_and_date_checks_are_carried_and_nothing_else() -> None:
    assert site_settings(DUMP).splitlines() == [
        'Acquire::Check-Valid-Until "false";',
        'Acquire::http::Proxy "http://user:secret@proxy.example:3128";',
        'Acquire::http::Proxy::mirror.example "DIRECT";',
    ]


@pytest.mark.parametrize(
    ("system", "mirror"),
    [
        ("debian", "http://mirror.example/debian"),
        ("ubuntu", None),
        ('"debian"', "http://mirror.example/debian"),
    ],
)
def test_only_a_debian_host_has_a_debian_mirror(system: str, mirror: str | None) -> None:
    output = [
        "=== /etc/apt/sources.list",
        "deb http://mirror.example/debian bookworm main",
        "=== os-release",
        f"ID={system}",
        "=== apt-config",
        'Acquire::Check-Date "false";',
    ]
    site = AptSettings().process(output)
    assert site.debian_mirror == mirror
    assert site.settings == 'Acquire::Check-Date "false";\n'
