"""Each word of the settings refuses what the engines, nginx or YAML could misread."""

import pytest
from pydantic import ValidationError

from deploys.settings.group_data import EnvironmentWords, HostWords
from tests.environments import POOL, WORDS


def _pools(**changes: object) -> dict[str, object]:
    return {"pools": {"chat": {**POOL, **changes}}}


def _refused(words: dict[str, object]) -> bool:
    known = EnvironmentWords if words.keys() <= EnvironmentWords.model_fields.keys() else HostWords
    base = WORDS if known is EnvironmentWords else {}
    try:
        known.model_validate({**base, **words})
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    "words",
    [
        _pools(replicas="2"),
        _pools(replicas=0),
        _pools(replicas=True),
        _pools(context_tokens=-1),
        _pools(flash_attention="on"),
        _pools(kv_cache_type="q8_0", flash_attention=False),
        _pools(batch_tokens=64, micro_batch_tokens=128),
        _pools(replicas="all"),
        _pools(gpus=-1),
        _pools(gpus=0, engine="vllm"),
        _pools(gpus=0, tensor_parallel=2),
        _pools(gpus=1, tensor_parallel=2),
        _pools(gpus=2, share_gpus=True),
        _pools(tensor_parallel=2, share_gpus=True),
        _pools(engine="llamacpp", tensor_parallel=2),
        _pools(engine="vllm", gpu_layers=12),
        _pools(engine="vllm", experts_on_cpu=12),
        _pools(engine="llamacpp", gpu_memory_utilization=0.5),
        _pools(gpu_memory_utilization=0.0),
        _pools(gpu_memory_utilization=1.5),
        _pools(hosts=[]),
        _pools(gpu_layers=-1),
        _pools(quantization="a b"),
        _pools(slots=0),
        {"pools": {}},
        {"clients": {}},
        {"clients": {"demo": {"key": "plain-secret"}}},
        {"gateway": {"address": "gateway.example", "port": 8080}},
        {"gateway": {"port": 70000}},
        {"directory": "/srv/home port"},
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(words: dict[str, object]) -> None:
    assert _refused(words)


HOSTILE = [
    'a"b',
    "a'b",
    "a$b",
    "a${b}",
    "a{b",
    "a}b",
    "a;b",
    "a\nb",
    "ab\n",
    "a b",
    "a`b",
    "a\\b",
    "a#b",
]
PLACES = ["pool", "public_name", "client", "address", "directory", "image"]


def _placed(place: str, value: str) -> dict[str, object]:
    words: dict[str, dict[str, object]] = {
        "pool": {"pools": {value: POOL}},
        "public_name": _pools(public_name=value),
        "client": {"clients": {value: {"key": "env:KEY"}}},
        "address": {"gateway": {"address": value}},
        "directory": {"directory": value},
        "image": {"images": {"nginx": {"reference": value}}},
    }
    return words[place]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_a_value_that_nginx_or_yaml_could_misread_is_refused(place: str, value: str) -> None:
    assert _refused(_placed(place, value))


@pytest.mark.parametrize("place", PLACES)
def test_the_same_places_take_what_fits(place: str) -> None:
    fits = {"address": "10.0.0.1", "directory": "/srv/homeport", "image": "nginx:1.30.6"}
    assert not _refused(_placed(place, fits.get(place, "chat")))
