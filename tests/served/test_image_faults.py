"""Images that cannot come while the fleet serves: told, and nothing that runs is touched."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from deploys.cli.exit_codes import ExitCode
from tests.lab.served import Served
from tests.served.steady_load import steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]


def _commit_another(served: Served, reference: str) -> None:
    """Has the engines' image be another one, which every GPU host would have to pull."""
    references: Mapping[str, str] = {**served.images, "llamacpp": reference}
    served.commit(images={name: {"reference": one} for name, one in references.items()})


@contextmanager
def _registry_down(served: Served) -> Iterator[None]:
    assert served.lab.registry is not None
    served.lab.registry.stop()
    try:
        yield
    finally:
        served.lab.registry.start()


def _refused(served: Served) -> str:
    """What an apply says that fails while clients ask; asserts that nothing else came of it."""
    before, current = served.containers(), served.current()
    with steady_load(served) as answers:
        said = served.apply(expect=ExitCode.OPERATION_FAILED)
    assert answers.bad == []
    assert answers.good > 0
    assert served.containers() == before
    assert served.current() == current
    assert served.locked() == []
    return said


def _is_as_it_was(served: Served) -> None:
    served.commit()
    assert "nothing had to change" in served.apply()
    assert served.findings() == []


def test_a_registry_that_is_down_is_told_and_nobody_notices(served: Served) -> None:
    name, _, digest = served.images["llamacpp"].partition("@")
    _commit_another(served, f"{name}-moved@{digest}")
    with _registry_down(served):
        said = _refused(served)
    assert f"{name.partition('/')[0]} gave no image" in said
    _is_as_it_was(served)


def test_a_digest_that_the_registry_does_not_have_is_told_and_nobody_notices(
    served: Served,
) -> None:
    name = served.images["llamacpp"].partition("@")[0]
    _commit_another(served, f"{name}@sha256:{'0' * 64}")
    assert "has no such image any more" in _refused(served)
    _is_as_it_was(served)
