"""The facts files themselves: whole, in one spelling, and without contradiction."""

from pathlib import Path

import pytest
import yaml

from deploys.engine_facts.facts import FOLDER, Facts, facts_of, versions
from deploys.engine_facts.llamacpp_help import flags_from_help
from deploys.engine_facts.writing import facts_text
from deploys.settings.engine_versions import PINNED
from deploys.settings.engine_versions import TOLD as OF_FLAGS

TOLD = Path(__file__).parent / "told"
EVERY = [(engine, version) for engine in OF_FLAGS for version in versions(engine)]


def _facts(engine: str, version: str) -> Facts:
    facts = facts_of(engine, version)
    assert facts is not None
    return facts


@pytest.mark.parametrize("engine", sorted(PINNED))
def test_there_are_facts_of_every_pinned_version(engine: str) -> None:
    assert PINNED[engine] in versions(engine)
    assert facts_of(engine, "0.0.1") is None


def test_versions_are_counted_not_spelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vllm").mkdir()
    for name in ("0.33.0", "0.9.1", "0.100.0", "gone"):
        (tmp_path / "vllm" / f"{name}.yaml").touch()
    monkeypatch.setattr("deploys.engine_facts.facts.FOLDER", tmp_path)
    assert versions("vllm") == ["0.9.1", "0.33.0", "0.100.0"]


@pytest.mark.parametrize(("engine", "version"), EVERY)
def test_a_file_is_what_its_facts_are_written_as(engine: str, version: str) -> None:
    text = (FOLDER / engine / f"{version}.yaml").read_text()
    facts = _facts(engine, version)
    sources = [line[2:] for line in text.splitlines() if line.startswith("# ")][1:]
    sources = [line for line in sources if line != "Variables that it reads."]
    assert facts_text(engine, version, sources, facts.flags, facts.environment) == text


@pytest.mark.parametrize(("engine", "version"), EVERY)
def test_nothing_is_both_there_and_gone(engine: str, version: str) -> None:
    facts = _facts(engine, version)
    assert not facts.gone.keys() & {*facts.names, *facts.offs}
    for flag, values in facts.gone_values.items():
        assert not values.keys() & set(facts.flags[flag].fits)


@pytest.mark.parametrize(("engine", "version"), EVERY)
def test_each_name_stands_for_one_flag(engine: str, version: str) -> None:
    flags = _facts(engine, version).flags
    every = [name for first, flag in flags.items() for name in (first, *flag.also, *flag.negated)]
    assert len(every) == len(set(every))


def test_what_replaced_a_flag_is_one_of_the_version() -> None:
    for engine, version in EVERY:
        facts = _facts(engine, version)
        for gone in facts.gone.values():
            words = [word.strip(",.:") for word in gone.instead.split()]
            named = [word for word in words if word.startswith("--")]
            assert set(named) <= facts.names.keys(), gone


def test_the_facts_of_llama_server_are_what_its_help_says() -> None:
    told = flags_from_help((TOLD / "llama-server-b11669.txt").read_text())
    assert told == _facts("llamacpp", "b11669").flags


@pytest.mark.parametrize(
    ("flag", "takes", "fits", "off"),
    [
        ("--cache-type-k", "value", ("f32", "f16", "bf16", "q8_0"), ()),
        ("--flash-attn", "value", ("on", "off", "auto"), ()),
        ("--pooling", "value", ("none", "mean", "cls", "last", "rank"), ()),
        ("--load-mode", "value", ("auto", "none", "mmap", "mlock", "mmap+mlock", "dio"), ()),
        ("--kv-offload", "switch", (), ("-nkvo", "--no-kv-offload")),
        ("--no-host", "switch", (), ()),
        ("--ui", "switch", (), ("--no-ui", "--no-webui")),
        ("--control-vector-layer-range", "values", (), ()),
        ("--embedding", "switch", (), ()),
    ],
)
def test_a_line_of_the_help_is_read_whole(
    flag: str, takes: str, fits: tuple[str, ...], off: tuple[str, ...]
) -> None:
    found = _facts("llamacpp", "b11669").flags[flag]
    assert (found.takes, found.fits[: len(fits)], found.negated) == (takes, fits, off)


def test_what_the_help_calls_removed_is_no_flag_but_gone() -> None:
    facts = _facts("llamacpp", "b11669")
    assert "--draft" not in facts.flags
    assert "--draft" in facts.gone


def test_facts_are_plain_yaml() -> None:
    document = yaml.safe_load((FOLDER / "vllm" / "0.33.0.yaml").read_text())
    assert document["flags"]["--gpu-memory-utilization"] == {
        "takes": "value",
        "default": "0.92",
        "also": ["--device-memory-utilization"],
    }
