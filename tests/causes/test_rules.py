"""Every rule is hit by a log that somebody has posted, and points at what the kit really has."""

import re
from pathlib import Path
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel

from deploys.causes.rule import ANY, Remedy, Rule, rules
from deploys.cli.main import VERBS
from deploys.settings.group_data import EnvironmentWords, HostWords
from tests.causes.logs import HERE, Posted, causes, explained, failures, posted

ROOT = Path(__file__).resolve().parents[2]
ENGINE_LOGS = ROOT / "tests" / "checks" / "engine_logs"
REMEDIES = [(rule.name, remedy) for rule in rules() for remedy in rule.remedies]


@pytest.mark.parametrize("failure", failures(), ids=lambda one: one.cause)
def test_a_posted_log_is_explained_by_its_cause_first(failure: Posted) -> None:
    assert causes(failure.log)[0] == failure.cause


def test_every_way_to_tell_a_cause_was_posted_by_somebody() -> None:
    told = {
        (failure.cause, seen.words)
        for failure in failures()
        for rule in rules()
        if rule.name == failure.cause
        for seen in rule.seen
        if any(seen.wording.found(line) for line in failure.log.splitlines())
    }
    assert [
        (r.name, s.words) for r in rules() for s in r.seen if (r.name, s.words) not in told
    ] == []


@pytest.mark.parametrize("healthy", posted(HERE / "healthy.yaml"), ids=lambda one: one.source)
def test_a_log_of_what_runs_well_says_nothing(healthy: Posted) -> None:
    found = explained(healthy.log)
    assert (found.findings, found.suspects) == ((), ())


@pytest.mark.parametrize("file", sorted(ENGINE_LOGS.glob("*.log")), ids=lambda file: file.name)
def test_engines_that_start_well_say_nothing(file: Path) -> None:
    found = explained(file.read_bytes())
    assert (found.findings, found.suspects) == ((), ())


def test_each_cause_has_one_name_and_follows_from_others_that_there_are() -> None:
    names = [rule.name for rule in rules()]
    assert len(names) == len(set(names))
    assert {name for rule in rules() for name in rule.follows} <= {*names, ANY}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_a_source_in_this_repository_is_there(rule: Rule) -> None:
    for seen in rule.seen:
        assert seen.source.startswith("https://") or (ROOT / seen.source).is_file()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_a_sentence_speaks_only_of_what_its_words_keep(rule: Rule) -> None:
    sentences = [rule.cause, *(remedy.how for remedy in rule.remedies)]
    for name in {name for text in sentences for name in re.findall(r"\{([a-z_]+)\}", text)}:
        assert all(name in seen.wording.names for seen in rule.seen), name


def _is_setting(path: str) -> bool:
    first, *rest = path.split(".")
    for words in (EnvironmentWords, HostWords):
        if first in words.model_fields:
            return _leads_on(words.model_fields[first].annotation, rest)
    return False


def _leads_on(annotation: object, rest: list[str]) -> bool:
    """Whether the rest of a path leads to a field: through optional words, and names in a dict."""
    if not rest:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(rest[0])
        return field is not None and _leads_on(field.annotation, rest[1:])
    if get_origin(annotation) is dict:
        return _leads_on(get_args(annotation)[1], rest[1:])
    return any(_leads_on(part, rest) for part in get_args(annotation))


@pytest.mark.parametrize(("name", "remedy"), REMEDIES, ids=lambda part: getattr(part, "set", part))
def test_a_remedy_names_settings_and_verbs_that_there_are(name: str, remedy: Remedy) -> None:
    named = re.findall(r"`((?:images|gateway|docker|nvidia|registry|hub)\.[a-z_.]+)`", remedy.how)
    for path in [remedy.set] * bool(remedy.set) + named:
        assert _is_setting(path), f"{name}: {path}"
    of_pool = remedy.set.startswith("pools.") and re.findall(r"`([a-z]+_[a-z_]+)`", remedy.how)
    for word in of_pool or []:
        assert _is_setting(f"pools.POOL.{word}"), f"{name}: {word}"
    for verb in re.findall(r"\bhomeport ([a-z]+)", f"{remedy.run} {remedy.how}"):
        assert verb in VERBS, f"{name}: {verb}"


def test_a_setting_that_there_is_not_is_told_from_one_that_there_is() -> None:
    assert _is_setting("pools.POOL.context_tokens")
    assert _is_setting("docker.daemon.registry_authorities")
    assert _is_setting("engine_port")
    for path in ("pools.POOL.contxt_tokens", "gateway.body_limit", "images.POOL.tag", "nothing"):
        assert not _is_setting(path), path
