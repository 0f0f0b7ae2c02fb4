"""Settings are strict: bad words are refused, all at once, with file, path and what fits."""

from pathlib import Path

import pytest

from deploys.settings.environment import Environment, read_environment
from deploys.settings.inventory import UnknownEnvironment
from deploys.settings.refusal import Complaint, Refused
from tests.environments import POOL, ROOT, WORDS, write_environment


def _complaints(root: Path, name: str = "small") -> list[Complaint]:
    with pytest.raises(Refused) as refused:
        read_environment(root, name)
    return list(refused.value.complaints)


def _pools(**changes: object) -> dict[str, object]:
    return {"pools": {"chat": {**POOL, **changes}}}


def test_the_environment_local_is_valid() -> None:
    local = read_environment(ROOT, "local")
    assert isinstance(local, Environment)
    assert [host.name for host in local.hosts] == ["localhost"]
    assert local.hosts[0].roles == ("gpu_hosts", "gateways")
    assert local.pools["chat"].replicas == 2


def test_all_complaints_come_at_once_with_file_and_path(tmp_path: Path) -> None:
    words = {**_pools(replica=2, context_tokens="many"), "gatway": {}}
    found = _complaints(write_environment(tmp_path, words))
    assert {complaint.path for complaint in found} >= {
        "pools.chat.replica",
        "pools.chat.context_tokens",
        "gatway",
    }
    assert all(item.file.startswith("inventories/group_data/small.py:") for item in found)


@pytest.mark.parametrize(
    ("words", "path", "hint"),
    [
        (_pools(replica=2), "pools.chat.replica", "did you mean `replicas`?"),
        (_pools(engine="lamacpp"), "pools.chat.engine", "did you mean `llamacpp`?"),
        (_pools(model="tiny-randon"), "pools.chat.model", "did you mean `tiny-random`?"),
        ({"gatewy": {}}, "gatewy", "did you mean `gateway`?"),
        ({"gateway": {"prot": 1}}, "gateway.prot", "did you mean `port`?"),
    ],
)
def test_a_misspelt_word_gets_the_near_miss(
    tmp_path: Path, words: dict[str, object], path: str, hint: str
) -> None:
    found = _complaints(write_environment(tmp_path, words))
    assert (path, hint) in [(complaint.path, complaint.hint) for complaint in found]


def test_a_number_or_a_word_is_found_wrong_once_with_both_that_fit(tmp_path: Path) -> None:
    found = _complaints(write_environment(tmp_path, _pools(replicas="many")))
    assert [(complaint.path, complaint.found) for complaint in found] == [
        ("pools.chat.replicas", "found 'many'")
    ]
    assert found[0].hint == "what fits: a valid integer, or fill"


def test_a_pool_on_a_host_that_runs_no_engines_is_refused(tmp_path: Path) -> None:
    found = _complaints(write_environment(tmp_path, _pools(hosts=["localhots"])))
    assert [(one.path, one.found, one.hint) for one in found] == [
        (
            "pools.chat.hosts",
            "`localhots` is not one of gpu_hosts",
            "did you mean `localhost`?",
        )
    ]


def test_two_pools_with_one_public_name_are_refused(tmp_path: Path) -> None:
    words = {"pools": {"a": {**POOL, "public_name": "chat"}, "b": {**POOL, "public_name": "chat"}}}
    found = _complaints(write_environment(tmp_path, words))
    assert [complaint.path for complaint in found] == ["pools.b.public_name"]
    assert "pool `a`" in found[0].found


def test_a_model_by_path_that_is_not_in_the_catalogue_names_the_command_that_adds_it(
    tmp_path: Path,
) -> None:
    found = _complaints(write_environment(tmp_path, _pools(model="/models/new.gguf")))
    assert "homeport models add /models/new.gguf" in found[0].hint


def test_an_inventory_that_does_not_exist_is_an_error_and_names_those_that_do(
    tmp_path: Path,
) -> None:
    write_environment(tmp_path)
    for name in ("smal", "../small", "small.py", ""):
        with pytest.raises(UnknownEnvironment, match="environments here: small"):
            read_environment(tmp_path, name)


def test_an_inventory_that_is_not_python_is_refused_with_its_line(tmp_path: Path) -> None:
    root = write_environment(tmp_path, inventory="small = [\n")
    assert [complaint.file for complaint in _complaints(root)] == ["inventories/small.py:1"]


def test_an_inventory_that_raises_is_refused_without_a_traceback(tmp_path: Path) -> None:
    root = write_environment(tmp_path, inventory="small = [missing]\n")
    found = _complaints(root)
    assert "missing" in found[0].found
    assert "Traceback" not in str(found[0])


def test_roles_that_name_no_host_are_refused(tmp_path: Path) -> None:
    found = _complaints(write_environment(tmp_path, inventory='small = ["@local"]\n'))
    assert {complaint.path for complaint in found} == {"gpu_hosts", "gateways"}


def test_a_model_of_an_unknown_architecture_is_refused_before_any_plan(tmp_path: Path) -> None:
    root = write_environment(tmp_path)
    catalogue = root / "inventories" / "models.yaml"
    text = catalogue.read_text()
    start, end = text.index("    architecture:"), text.index("    chat_template:")
    words = "    architecture: null\n    architecture_name: mystery\n"
    catalogue.write_text(text[:start] + words + text[end:])
    (found,) = _complaints(root)
    assert found.path == "pools.chat.model"
    assert "unknown architecture 'mystery': weights known, cache unknown" in found.found


def test_a_relative_directory_is_refused_for_another_machine(tmp_path: Path) -> None:
    inventory = 'small = [("gpu1.example", {"directory": "here"})]\ngpu_hosts = gateways = small\n'
    found = _complaints(write_environment(tmp_path, inventory=inventory))
    assert "directory" in {complaint.path for complaint in found}


def test_hardware_that_is_missing_or_broken_is_refused(tmp_path: Path) -> None:
    root = write_environment(tmp_path)
    file = root / "inventories" / "hardware" / "small.yaml"
    for text, words in (
        ("hosts: [", "is not YAML"),
        ("hosts: 2026-02-30", "is not YAML"),
        ("hosts: {}", "is missing"),
        (None, "is missing"),
    ):
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        found = _complaints(root)
        assert any(words in item.found and "hardware/small.yaml" in item.file for item in found)


def test_words_that_differ_between_hosts_are_refused(tmp_path: Path) -> None:
    inventory = (
        'small = [("@local", {"gateway": {"port": 1}}), ("gpu1", {"gateway": {"port": 2}})]\n'
        'gpu_hosts = gateways = ["@local", "gpu1"]\n'
    )
    words = {word: value for word, value in WORDS.items() if word != "gateway"}
    root = write_environment(tmp_path, words, inventory=inventory)
    data = root / "inventories" / "group_data" / "small.py"
    data.write_text(
        "\n".join(line for line in data.read_text().splitlines() if "gateway" not in line)
    )
    assert ("gateway", "differs between hosts") in [
        (item.path, item.found) for item in _complaints(root)
    ]
