"""An nginx or njs with known holes is told apart, by whatever knows its version."""

import subprocess

import pytest

from deploys.questions.nginx import parse_versions, question_of_image, too_old
from tests.lab.kit_images import kit_images

DEBIAN = {"nginx": "1.30.6-2", "libnginx-mod-http-js": "1.0.2-2", "nginx-v": "1.30.6"}
OFFICIAL = {"nginx": "1.30.6-1~trixie", "nginx-module-njs": "1.30.6+1.0.2-1~trixie"}
ALPINE = {"apk-nginx": "1.30.6-r1", "nginx-v": "1.30.6", "njs-v": "1.0.2"}


@pytest.mark.parametrize(
    "versions",
    [DEBIAN, OFFICIAL, ALPINE, {"nginx": "1:1.31.0-1", "njs-v": "1.1"}, {**DEBIAN, "njs-v": "2"}],
)
def test_versions_that_are_new_enough_are_fit(versions: dict[str, str]) -> None:
    assert too_old(versions) == []


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({**DEBIAN, "nginx": "1.30.5-1"}, "nginx 1.30.5-1 (nginx) is older than 1.30.6"),
        ({**DEBIAN, "nginx": "1.26.3-3+deb13u10"}, "nginx 1.26.3-3+deb13u10 (nginx) is older"),
        ({**DEBIAN, "nginx-v": "1.29.9"}, "nginx 1.29.9 (nginx-v) is older"),
        ({**ALPINE, "apk-nginx": "1.30.2-r0"}, "nginx 1.30.2-r0 (apk-nginx) is older"),
        (
            {**DEBIAN, "libnginx-mod-http-js": "0.9.6-1"},
            "njs 0.9.6-1 (libnginx-mod-http-js) is older than 1.0.2",
        ),
        (
            {**OFFICIAL, "nginx-module-njs": "1.30.6+0.9.6-1~trixie"},
            "njs 1.30.6+0.9.6-1~trixie (nginx-module-njs) is older",
        ),
        ({"nginx": "1.30.6"}, "the version of njs cannot be told"),
        ({"nginx": "unknown", "njs-v": "1.0.2"}, "nginx unknown (nginx) is older"),
        ({}, "the version of nginx cannot be told"),
    ],
)
def test_an_older_one_is_named_with_its_source(versions: dict[str, str], words: str) -> None:
    assert any(words in one for one in too_old(versions)), too_old(versions)


def test_without_njs_none_of_it_has_to_be_there_or_new() -> None:
    for versions in ({"nginx": "1.30.6"}, {**DEBIAN, "libnginx-mod-http-js": "0.9.6-1"}):
        assert too_old(versions, with_njs=False) == []
    assert too_old({"nginx": "1.30.5"}, with_njs=False)


def test_lines_that_say_nothing_are_passed_over() -> None:
    assert parse_versions(["nginx 1.30.6-2", "", "no such package found"]) == {"nginx": "1.30.6-2"}


@pytest.mark.docker
def test_the_kits_own_image_is_fit() -> None:
    ask = question_of_image(kit_images()["nginx"])
    done = subprocess.run(["sh", "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    versions = parse_versions(done.stdout.splitlines())
    assert versions.keys() >= {"nginx", "libnginx-mod-http-js", "nginx-v"}
    assert too_old(versions) == []
