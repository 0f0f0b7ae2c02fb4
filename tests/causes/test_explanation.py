"""Causes come in order, consequences are told as such, versions count, the unknown is admitted."""

import pytest

from deploys.causes.explanation import explain
from deploys.causes.speakers import is_within, told_versions
from deploys.causes.telling import Place, below, document, told, told_unknown
from tests.causes.logs import causes, explained

ENDED = (
    "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
)
HELD = (
    "ValueError: Free memory on device (3.22/4.0 GiB) on startup is less than desired GPU memory "
    "utilization (0.9, 3.6 GiB). Decrease GPU memory utilization"
)
REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
NO_LIVE = "no live upstreams while connecting to upstream"
TOO_LONG = "send_error: task 40 | error = the request exceeds the available context size. try"
DISK = "OSError: [Errno 28] No space left on device"
BITS = "ValueError: Unknown quantization method: bitsandbytes. Must be one of ['awq']."


def test_what_only_says_that_something_ended_comes_after_why() -> None:
    found = explained(f"{ENDED}\n{HELD}\n{ENDED}\n").findings
    assert [one.name for one in found] == ["gpu_memory_held_by_others", "engine_ended"]
    assert found[1].follows == ("gpu_memory_held_by_others",)
    assert found[1].count == 2


def test_where_nothing_else_is_found_the_end_itself_is_told() -> None:
    (only,) = explained(ENDED).findings
    assert (only.name, only.follows) == ("engine_ended", ())


def test_causes_that_have_nothing_to_do_with_each_other_come_as_they_came() -> None:
    assert causes(f"{DISK}\n{HELD}\n") == ["disk_full", "gpu_memory_held_by_others"]
    assert causes(f"{HELD}\n{DISK}\n") == ["gpu_memory_held_by_others", "disk_full"]


def test_a_consequence_follows_its_cause_though_it_came_first() -> None:
    found = explained(f"{NO_LIVE}\n{REFUSED}\n{DISK}\n").findings
    assert [one.name for one in found] == ["engine_not_reached", "disk_full", "no_engine_left"]
    assert found[2].follows == ("engine_not_reached",)
    assert explained(NO_LIVE).findings[0].follows == ()


def test_what_one_can_live_with_comes_last_and_explains_nothing() -> None:
    found = explained(f"{TOO_LONG}\n{ENDED}\n{HELD}\n").findings
    assert [one.name for one in found][-1] == "request_too_long"
    assert found[1].follows == ("gpu_memory_held_by_others",)


def test_a_line_that_comes_again_is_shown_once() -> None:
    long = f"  {HELD} {'and on ' * 100}"
    (found,) = explained(f"{long}\n{long}\n").findings
    assert (found.count, [line.number for line in found.evidence]) == (2, [1])


def test_half_a_key_is_not_shown_either() -> None:
    key = "k1" * 60
    found = explained(f"ValueError: Unknown quantization method: {key}. Must be one of ['awq'].")
    assert "k1k1" not in "\n".join(told(found, Place()))


def test_of_many_lines_that_say_the_same_a_few_are_kept_and_all_counted() -> None:
    found = explained("".join(f"[rank{n}] {HELD}\n" for n in range(1000))).findings[0]
    assert found.count == 1000
    assert len(found.evidence) <= 3
    assert found.evidence[0].number == 1


def test_a_sentence_has_the_numbers_of_the_log() -> None:
    found = explained(HELD).findings[0]
    assert "3.22 of 4.0 GiB are free, 3.6 GiB wanted" in found.cause
    assert "so that 3.6 GiB becomes less than 3.22" in found.remedies[1].how


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.27.1", ["quantization_unknown"]),
        ("0.28.0", ["quantization_left_the_core"]),
        ("0.33.0", ["quantization_left_the_core"]),
    ],
)
def test_the_same_words_mean_another_thing_in_another_version(
    version: str, expected: list[str]
) -> None:
    log = f"INFO vLLM API server version {version}\n{BITS}\n"
    assert causes(log) == expected
    assert explained(log).versions == {"vllm": version}


def test_without_a_version_both_meanings_are_told() -> None:
    assert set(causes(BITS)) == {"quantization_unknown", "quantization_left_the_core"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("(APIServer pid=1) INFO [api_server.py:1] vLLM API server version 0.10.1.1", "0.10.1"),
        ("Initializing a V1 LLM engine (v0.9.2) with config:", "0.9.2"),
        ("build: 6428 (a972faeb) with cc", "6428"),
        ("0.00.000.001 I cmn common_params_print_info: build 11669 (Debian) with GNU", "11669"),
        ("build_info: b9049-2496f9c14", "9049"),
        ("7:07AM INF LocalAI version: v2.28.0 (56f44d4)", "2.28.0"),
        ("docker build -t 2024 .", None),
    ],
)
def test_who_speaks_is_known_by_their_own_words(line: str, told: str | None) -> None:
    assert list(told_versions(line).values()) == ([told] if told else [])


def test_ranges_of_versions_include_their_begin_and_not_their_end() -> None:
    assert is_within("0.28", "0.28.0", None)
    assert not is_within("0.28.0", None, "0.28")
    assert is_within("0.9.9", None, "0.10")
    assert is_within(None, "1", "2")


def test_the_kits_own_words_are_their_own_remedy() -> None:
    log = (
        "    [gpu1] error: chat-1 on gpu1: it never became healthy; it went back\n"
        "    [gpu1] its log: gpu1:/srv/homeport/failed/chat-1.log\n"
        "    [gpu1] hint: the log says why; render a release that works and apply again\n"
    )
    (only,) = explained(log).findings
    assert only.cause.startswith("chat-1 on gpu1: it never became healthy")
    assert only.remedies[0].how.startswith("the log says why")
    first, second = explained(f"{log}{DISK}\n").findings
    assert (first.name, second.follows) == ("disk_full", ("disk_full",))


def test_an_error_without_a_hint_is_not_the_kits() -> None:
    found = explained("error: something else\n" + "line\n" * 30 + "hint: of nobody\n")
    assert found.findings == ()
    assert found.is_unknown


def test_an_unknown_log_is_called_unknown_with_what_to_do_next() -> None:
    log = "INFO begins\npanic: runtime error: index out of range\n" + "ok\n" * 5
    log += "".join(f"worker {n} failed\n" for n in range(100))
    found = explained(log)
    assert (found.findings, found.is_unknown) == ((), True)
    words = list(told_unknown(found))
    assert words[0] == "no rule knows what this log says; of its 107 lines these look like it:"
    assert words[1] == "   line 2: panic: runtime error: index out of range"
    assert words[-2] == "   line 107: worker 99 failed"
    assert "docker logs" in words[-1]
    assert len(words) == 7


def test_a_log_of_requests_that_went_well_has_nothing_suspicious() -> None:
    log = '{"time":"2026-11-25T21:14:09+00:00","status":200,"error":"","bytes":1}\n' * 3
    assert explained(log).suspects == ()
    assert explain([]).line_count == 0


def test_a_persons_words_name_the_file_of_the_setting_and_the_command() -> None:
    place = Place("prod", "chat", {"pools": "inventories/group_data/prod.py:12"})
    words = list(told(explained(f"{HELD}\n{ENDED}\n"), place))
    assert words[0].startswith("1. other processes hold GPU memory")
    assert words[1].startswith("   line 1: ValueError: Free memory")
    assert "   remedy: `homeport verify prod`: check_gpus names" in words[2]
    file = "inventories/group_data/prod.py:12: pools.chat.gpu_memory_utilization: lower"
    assert words[3].startswith(f"   remedy: {file}")
    assert any(line.startswith("2. follows from 1: the engine ended") for line in words)
    assert "inventories/group_data/prod.py: docker.daemon" in "\n".join(
        told(explained(DISK), place)
    )


def test_below_a_failure_only_the_first_causes_are_told() -> None:
    words = list(below(explained(f"{HELD}\n{ENDED}\n{TOO_LONG}\n"), Place("prod", "chat")))
    assert [line.split(":")[0] for line in words] == ["cause", "  evidence", *["remedy"] * 3]
    assert list(below(explained("all is well"), Place())) == []


def test_a_program_gets_the_same() -> None:
    found = document(explained(f"{HELD}\n{ENDED}\n"), Place("prod", "chat"))
    assert [one["name"] for one in found["findings"]] == [
        "gpu_memory_held_by_others",
        "engine_ended",
    ]
    assert found["findings"][1]["follows"] == ["gpu_memory_held_by_others"]
    assert found["findings"][0]["remedies"][1]["file"] == "inventories/group_data/prod.py"
    assert found["findings"][0]["remedies"][1]["set"] == "pools.chat.gpu_memory_utilization"
    assert found["lines"] == 2
