"""Packages as dpkg and apt tell them."""

from deploys.questions.packages import Package, parse_packages

# Of a Debian 12 with a signed archive of two docker-ce versions, the older one held.
OUTPUT = """\
=== installed
docker-ce\t5:28.5.2-1~debian.12~bookworm\thold\tinstalled
docker-compose\t1.29.2-3\tdeinstall\tconfig-files
nvidia-smi\t\tunknown\tnot-installed
containerd.io\t1.7.28-1~debian.12~bookworm\tinstall\tinstalled
=== policy
docker-ce:
  Installed: 5:28.5.2-1~debian.12~bookworm
  Candidate: 5:29.0.1-1~debian.12~bookworm
  Version table:
     5:29.0.1-1~debian.12~bookworm 500
        500 file:/srv/archives/linux/debian bookworm/stable amd64 Packages
 *** 5:28.5.2-1~debian.12~bookworm 500
docker-doc:
  Installed: (none)
  Candidate: (none)
=== known
 docker-ce | 5:29.0.1-1~debian.12~bookworm | file:/srv/archives/linux/debian bookworm/stable amd64 Packages
 docker-ce | 5:28.5.2-1~debian.12~bookworm | file:/srv/archives/linux/debian bookworm/stable amd64 Packages
docker-ce | 5:29.0.1-1~debian.12~bookworm | file:/srv/archives/linux/debian bookworm/stable Sources
"""  # noqa: E501 - as apt writes it


def test_versions_holds_candidates_and_what_there_is_are_read_at_once() -> None:
    packages = parse_packages(OUTPUT.splitlines())
    assert packages["docker-ce"] == Package(
        installed="5:28.5.2-1~debian.12~bookworm",
        held=True,
        candidate="5:29.0.1-1~debian.12~bookworm",
        known=("5:29.0.1-1~debian.12~bookworm", "5:28.5.2-1~debian.12~bookworm"),
    )
    assert packages["containerd.io"] == Package(installed="1.7.28-1~debian.12~bookworm")


def test_a_package_of_which_only_its_configuration_is_left_is_not_installed() -> None:
    packages = parse_packages(OUTPUT.splitlines())
    assert "docker-compose" not in packages
    assert "nvidia-smi" not in packages
    assert "docker-doc" not in packages
