"""Models that give vectors or ranks, or have paths of their own, are asked as they can be."""

import pytest

from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_gateway import Behaviour

OTHERS = "every other model answers as its kind does"
UNKNOWN = "an unknown model is refused with the known ones"
PATHS = {"rank": "/v1/rerank", "vector": "/v1/embeddings"}


@pytest.fixture
def kinds(behaviour: Behaviour, deployment: Deployment) -> Behaviour:
    """A gateway with a model of each kind, as committed."""
    behaviour.models, behaviour.paths = ("rank", "tiny", "vector"), PATHS
    _commit_paths(deployment, PATHS)
    return behaviour


def _commit_paths(deployment: Deployment, paths: dict[str, str], *, njs: bool = True) -> None:
    released = deployment.release.gateway
    assert released is not None
    deployment.commit(gateway=released.model_copy(update={"paths": paths, "njs": njs}))


@pytest.mark.usefixtures("kinds")
def test_a_model_of_each_kind_passes_every_check(run_checks: RunChecks, gateway_url: str) -> None:
    outcomes = run_checks("check_gateway.py", "check_answers.py", gateway_url=gateway_url)
    assert (failed(outcomes), messages(outcomes).strip()) == (set(), "")


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_an_answer_without_one_row_for_each_text_fails_it(
    kinds: Behaviour, run_checks: RunChecks, gateway_url: str, rows: int
) -> None:
    kinds.rows = rows
    outcomes = run_checks("check_gateway.py", gateway_url=gateway_url)
    assert failed(outcomes) == {OTHERS}
    assert f"rank: the answer holds {rows} of 2 times `relevance_score`" in messages(outcomes)


def test_a_limit_of_the_asking_client_is_waited_for(
    kinds: Behaviour, run_checks: RunChecks, gateway_url: str
) -> None:
    kinds.busy_times = 2
    assert failed(run_checks("check_answers.py", gateway_url=gateway_url)) == set()
    assert kinds.busy_times == 0


def test_pools_by_their_paths_are_asked_there(
    behaviour: Behaviour, deployment: Deployment, run_checks: RunChecks, gateway_url: str
) -> None:
    """Without njs; and the refusal of another path has to name them."""
    behaviour.paths = {"tiny": "/pools/tiny/v1/chat/completions"}
    _commit_paths(deployment, dict(behaviour.paths), njs=False)
    assert failed(run_checks("check_gateway.py", gateway_url=gateway_url)) == set()
    behaviour.names_known_models = False
    assert failed(run_checks("check_gateway.py", gateway_url=gateway_url)) == {UNKNOWN}
