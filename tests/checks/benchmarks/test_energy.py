"""What a GPU took, from what was read of it: by hand, by its counter and by its power."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.benchmarks.energy import Span, energy_document, gpu_watts
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.numbers.energy import COUNTER, SAMPLES, Untold, busiest, mean_watts
from checks.probes.energy import Reading, Recorded


def _counted(*joules: float, apart: float = 1.0, power_mw: float | None = 0) -> list[Reading]:
    return [Reading(number * apart, one * 1000, power_mw, 0.0) for number, one in enumerate(joules)]


def _sampled(*watts: float | None) -> list[Reading]:
    powers = [None if one is None else one * 1000 for one in watts]
    return [Reading(float(number), None, one, 0.0) for number, one in enumerate(powers)]


def test_the_counters_difference_over_time_by_hand() -> None:
    """From 0.5 s (50 J) to 2.5 s (200 + 150 J): 300 J in two seconds."""
    found = mean_watts(_counted(0, 100, 200, 500), 0.5, 2.5)
    assert found.value == pytest.approx(150)
    assert found.way == COUNTER


def test_the_counter_wins_over_power() -> None:
    assert mean_watts(_counted(0, 100, 200, power_mw=7_000), 0, 2).value == pytest.approx(100)


def test_power_samples_are_added_up_by_trapezoids() -> None:
    """100 W that rise to 300 W and stay: 200 J and 300 J."""
    found = mean_watts(_sampled(100, 300, 300), 0, 2)
    assert found.value == pytest.approx(250)
    assert found.way == SAMPLES


def test_a_counter_that_stands_still_is_not_believed() -> None:
    found = mean_watts(_counted(5, 5, 5, power_mw=70_000), 0, 2)
    assert found.value == pytest.approx(70)
    assert found.way == SAMPLES


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([], "was not read"),
        (_counted(0, 100), "was not read"),
        (_counted(900, 1000, 5, 100), "went back"),
        (_sampled(100, None, 100, 100), "neither energy nor power"),
    ],
)
def test_what_cannot_be_told_says_why(readings: Sequence[Reading], words: str) -> None:
    with pytest.raises(Untold, match=words):
        mean_watts(readings, 0.5, 2.5)


@given(st.floats(0.001, 2000), st.floats(0, 5), st.floats(0.1, 4.9), st.floats(0.05, 1))
def test_constant_power_is_itself_whenever_it_is_looked_at(
    watts: float, begin: float, length: float, apart: float
) -> None:
    count = int(11 / apart) + 1
    by_counter = _counted(*(watts * apart * one for one in range(count)), apart=apart)
    assert mean_watts(by_counter, begin, begin + length).value == pytest.approx(watts, rel=1e-6)
    assert mean_watts(_sampled(*[watts] * 11), begin, begin + length).value == pytest.approx(watts)


@given(st.lists(st.floats(0.1, 1000), min_size=6, max_size=6), st.floats(1.1, 3.9))
def test_two_halves_take_as_much_as_the_whole(watts: list[float], middle: float) -> None:
    for readings in (_sampled(*watts), _counted(*(sum(watts[:one]) for one in range(6)))):
        first = mean_watts(readings, 1, middle).value * (middle - 1)
        second = mean_watts(readings, middle, 4).value * (4 - middle)
        assert first + second == pytest.approx(mean_watts(readings, 1, 4).value * 3)


def test_the_busiest_look_is_told() -> None:
    readings = [Reading(float(at), 0, 0, busy) for at, busy in enumerate((90, 3, 40, None))]
    assert busiest(readings, 1, 3) == 40
    assert busiest(readings, 3, 3) == 0


def _recorded(joules: Sequence[float | None], busy: float = 0, **changes: object) -> Recorded:
    """One GPU `a`, looked at each second, whose host's clock is 1,000 s ahead."""
    refusal = {"code": 3, "said": "Not Supported"}
    lines = [
        (
            1000.0 + at,
            {
                "gpus": [
                    {
                        "uuid": "a",
                        "energy_mj": refusal if one is None else one * 1000,
                        "power_mw": 80_000,
                        "utilization": {"gpu": busy},
                    }
                ]
            },
        )
        for at, one in enumerate(joules)
    ]
    return Recorded(lines=lines, clock_ahead=1000.0, **changes)  # type: ignore[arg-type]


# Idle for two seconds, then two runs of three.
POINT = Point(Load("closed", users=2), [Run(2, 5, []), Run(6, 9, [])])
STEADY = [0, 50, 100, 400, 700, 1000, 1050, 1250, 1450, 1650, 1700]


def test_each_gpu_has_its_watts_idle_and_under_each_load() -> None:
    """900 J and 600 J in three seconds each: 250 W of all six."""
    found = energy_document({"gpu1": _recorded(STEADY)}, {"gpu1": ["a"]}, Span(0, 2), [POINT])
    assert found == {
        "gpus": [
            {
                "host": "gpu1",
                "uuid": "a",
                "way": COUNTER,
                "idle_watts": pytest.approx(50),
                "load_watts": {"2 users": pytest.approx(250)},
            }
        ],
        "remarks": [],
    }
    known = gpu_watts(found, "2 users")["a"]
    assert (known.idle, known.load) == pytest.approx((50, 250))
    assert known.way == COUNTER
    assert gpu_watts(found, "9 users") == gpu_watts(None, "2 users") == {}


def test_a_board_without_a_counter_is_told_and_measured_by_its_power() -> None:
    one = _recorded([None] * 11, lacking={"a": "Not Supported"})
    found = energy_document({"gpu1": one}, {"gpu1": ["a"]}, Span(0, 2), [POINT])
    assert found["gpus"][0]["load_watts"] == {"2 users": pytest.approx(80)}
    assert found["gpus"][0]["way"] == SAMPLES
    (remark,) = found["remarks"]
    assert "gpu1: a: by power samples" in remark
    assert "Not Supported" in remark


def test_a_gpu_that_somebody_else_used_meanwhile_is_told() -> None:
    one = _recorded(STEADY, busy=40)
    found = energy_document({"gpu1": one}, {"gpu1": ["a"]}, Span(0, 2), [POINT])
    assert found["remarks"] == [
        "gpu1: a: 40 % busy when it should have been idle: somebody has asked"
    ]


def test_what_was_not_read_to_the_end_has_no_watts_and_says_why() -> None:
    recorded = {"gpu1": _recorded(STEADY[:4]), "gpu2": Recorded(refused="Driver Not Loaded")}
    gpus = {"gpu1": ["a"], "gpu2": ["b"]}
    found = energy_document(recorded, gpus, Span(0, 2), [POINT])
    assert found["gpus"] == []
    assert found["remarks"] == [
        "gpu1: a: it was not read for all of that time",
        "gpu2: Driver Not Loaded",
        "gpu2: b: it was not read for all of that time",
    ]
