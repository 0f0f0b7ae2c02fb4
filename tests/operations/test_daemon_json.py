"""daemon.json: what is the kit's, what is the host's, and what the daemon has to do."""

import json

import pytest

from deploys.operations.daemon_json import RELOADED, Merged, merge, wanted
from deploys.operations.docker_choice import Refusal
from deploys.questions.docker_daemon import DaemonState
from deploys.settings.docker import Daemon

KEYS = wanted(Daemon(), "26.1.5+dfsg1")


def _merged(text: str | None, keys: dict[str, object] = KEYS) -> Merged:
    merged = merge(DaemonState(text=text, version="26.1.5"), keys)
    assert isinstance(merged, Merged)
    return merged


def test_logs_are_limited_and_containers_outlive_the_daemon_without_a_word() -> None:
    assert KEYS == {
        "live-restore": True,
        "log-driver": "json-file",
        "log-opts": {"max-size": "50m", "max-file": "3"},
        "features": {"cdi": True},
    }


@pytest.mark.parametrize(
    ("version", "has_cdi"),
    [("20.10.24+dfsg1", False), ("24.0.7", False), ("25.0.0", True), ("28.2.2", True), ("", False)],
)
def test_cdi_is_switched_on_in_every_engine_that_has_it(version: str, has_cdi: bool) -> None:
    assert ("features" in wanted(Daemon(), version)) is has_cdi


def test_what_the_inventory_leaves_out_is_not_written() -> None:
    keys = wanted(Daemon(log_max_size_mib=None), "20.10.24")
    assert keys == {"live-restore": True}


@pytest.mark.parametrize("text", [None, "", " \n", "{}"])
def test_a_host_without_the_file_gets_the_kits_keys_by_a_restart(text: str | None) -> None:
    merged = _merged(text)
    assert json.loads(merged.text) == KEYS
    assert merged.step == "restart"


def test_what_the_host_says_besides_stays_and_ours_wins_in_a_conflict() -> None:
    theirs = {
        "data-root": "/data/docker",
        "live-restore": False,
        "log-opts": {"max-size": "1g", "labels": "team"},
        "features": {"containerd-snapshotter": True},
    }
    now = json.loads(_merged(json.dumps(theirs)).text)
    assert now["data-root"] == "/data/docker"
    assert now["live-restore"] is True
    assert now["log-opts"] == {"max-size": "50m", "max-file": "3", "labels": "team"}
    assert now["features"] == {"containerd-snapshotter": True, "cdi": True}


def test_options_of_another_log_driver_go_with_it() -> None:
    theirs = {"log-driver": "gelf", "log-opts": {"gelf-address": "udp://10.0.0.9:12201"}}
    now = json.loads(_merged(json.dumps(theirs)).text)
    assert now["log-opts"] == {"max-size": "50m", "max-file": "3"}


def test_a_host_that_says_it_all_is_left_alone() -> None:
    merged = _merged(json.dumps({**KEYS, "debug": True}))
    assert (merged.changed, merged.step) == ((), "")


def test_only_what_dockerd_reads_at_its_start_needs_a_restart() -> None:
    there = json.dumps({**KEYS, "live-restore": False})
    mirrors: tuple[str, ...] = ("https://mirror.example",)
    keys = wanted(
        Daemon(registry_mirrors=mirrors, insecure_registries=("registry.example:5000",)), "26.1.5"
    )
    assert set(_merged(there, keys).changed) == RELOADED
    assert _merged(there, keys).step == "reload"
    assert _merged(there, wanted(Daemon(log_files=4), "26.1.5")).step == "restart"


def test_an_empty_list_takes_away_the_mirrors_that_are_there() -> None:
    there = json.dumps({**KEYS, "registry-mirrors": ["https://old.example"]})
    merged = _merged(there, wanted(Daemon(registry_mirrors=()), "26.1.5"))
    assert json.loads(merged.text)["registry-mirrors"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n  "debug": true\n  "dns": []\n}', "line 3, column 3: Expecting ',' delimiter"),
        ('{"debug": true,}', "line 1"),
        ("[]", "it holds no object"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, words: str) -> None:
    refusal = merge(DaemonState(text=text), KEYS)
    assert isinstance(refusal, Refusal)
    assert words in refusal.error
    assert refusal.hint.startswith("mend /etc/docker/daemon.json on the host")


def test_a_host_in_a_swarm_is_refused_with_the_word_that_fits() -> None:
    refusal = merge(DaemonState(swarm=True), KEYS)
    assert isinstance(refusal, Refusal)
    assert '"live_restore": False' in refusal.hint
    without = wanted(Daemon(live_restore=False), "26.1.5")
    assert isinstance(merge(DaemonState(swarm=True), without), Merged)
