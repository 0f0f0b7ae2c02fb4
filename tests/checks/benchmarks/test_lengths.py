"""Lengths, prompts and bodies: drawn from a seed, within what fits."""

import json
import random
from statistics import fmean, median

import pytest

from checks.benchmarks.load.lengths import read_lengths
from checks.benchmarks.load.prompts import Scale, prompt, scale_of
from checks.benchmarks.load.workload import PREPARED, SPARE_TOKENS, Bodies, Workload


def _drawn(words: str, most: int = 10_000, number: int = 2000) -> list[int]:
    chance = random.Random(7)
    return [read_lengths(words).draw(chance, most) for _ in range(number)]


def test_one_number_is_always_that() -> None:
    assert set(_drawn("128")) == {128}


def test_uniform_lengths_reach_both_ends() -> None:
    found = _drawn("uniform:10:20")
    assert (min(found), max(found)) == (10, 20)


def test_normal_lengths_have_their_mean() -> None:
    assert fmean(_drawn("normal:500:50")) == pytest.approx(500, rel=0.01)


def test_lognormal_lengths_have_their_median_and_a_long_tail() -> None:
    found = _drawn("lognormal:400:0.8")
    assert median(found) == pytest.approx(400, rel=0.05)
    assert max(found) > 2000


def test_lengths_stay_between_one_and_the_most() -> None:
    found = _drawn("normal:5:50", most=30)
    assert (min(found), max(found)) == (1, 30)


def test_the_same_seed_draws_the_same() -> None:
    assert _drawn("lognormal:400:0.8") == _drawn("lognormal:400:0.8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "tokens as"),
        ("many", "tokens as"),
        ("0", "one token at least"),
        ("uniform:20:10", "higher number comes last"),
        ("lognormal:400:9", "sigma above 3"),
        ("gamma:1:2", "tokens as"),
        ("-5", "tokens as"),
    ],
)
def test_what_is_no_length_is_refused(words: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_lengths(words)


def test_two_prompts_tell_what_a_word_is() -> None:
    found = scale_of([(16, 10 + 24), (96, 10 + 144)])
    assert found == Scale(template_tokens=10, tokens_per_word=1.5)
    assert found.words_for(160) == 100


def test_an_engine_that_counts_nothing_tells_nothing() -> None:
    assert scale_of([(16, 0), (96, 0)]) is None


def test_a_prompt_has_its_words_and_what_no_other_has() -> None:
    found = prompt(random.Random(1), words=10, shared_words=4)
    text = found.text("12345").split()
    assert len(text) == 11
    assert text[4] == "12345"
    assert prompt(random.Random(2), words=10, shared_words=4).shared == found.shared


def _bodies(seed: int = 1, prompt_words: str = "64", completion: str = "16") -> Bodies:
    lengths = (read_lengths(prompt_words), read_lengths(completion))
    return Bodies(Workload("chat", "/v1", *lengths, seed=seed), Scale(), 512)


def _asked(bodies: Bodies) -> tuple[str, int]:
    body = json.loads(bodies.take())
    return body["messages"][0]["content"], body["max_tokens"]


def test_every_run_asks_the_same_lengths_and_never_the_same_prompt() -> None:
    bodies = _bodies(prompt_words="uniform:8:200", completion="uniform:1:99")
    first = [_asked(bodies) for _ in range(PREPARED + 3)]
    bodies.rewind()
    second = [_asked(bodies) for _ in range(PREPARED + 3)]
    shape = [[(len(text.split()), tokens) for text, tokens in side] for side in (first, second)]
    assert shape[0] == shape[1]
    assert len(set(shape[0])) > 100
    assert not {text for text, _ in first} & {text for text, _ in second}
    beginnings = {text.split()[0] for text, _ in [*first, *second]}
    assert len(beginnings) == 2 * (PREPARED + 3)


def test_prompt_and_answer_fit_into_the_context_together() -> None:
    bodies = _bodies(prompt_words="lognormal:300:2", completion="lognormal:100:2")
    for _ in range(PREPARED):
        text, tokens = _asked(bodies)
        assert len(text.split()) - 1 + tokens <= 512 - SPARE_TOKENS


def test_a_body_asks_for_a_whole_stream_with_usage() -> None:
    body = json.loads(_bodies().take())
    assert body["stream"]
    assert body["stream_options"] == {"include_usage": True}
    assert body["ignore_eos"]
