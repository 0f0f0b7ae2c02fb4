"""What several gateways go by, where a command reached some of them alone."""

import pytest

from checks.canary.trial import Trial
from checks.probes.canaries import Shares
from checks.probes.host import Unreachable
from deploys.questions.canaries import Share
from deploys.render.release_gateway import CanaryRelease
from deploys.settings.canary import Canary
from deploys.settings.inventory import InventoryHost

RELEASED = CanaryRelease(words=Canary(candidate="next"), model="next")
SENDS_HALF = Share("chat", "next", 50, (50, 100), since=10)
SENDS_ALL = Share("chat", "next", 100, (50, 100), since=20)
ENDED = Share("chat", "next", 0, (), since=20)


def gateway(name: str, share: Share | None, loaded: str = "") -> Shares:
    """One that goes by what is written there, or by `loaded`."""
    host = InventoryHost(name, name, (), {})
    written = {"chat": share} if share else {}
    goes_by = loaded or (share.loaded if share else "0")
    return Shares(host, "homeport-lab-gateways", written, {"chat": goes_by})


def trial(*shares: Share | None) -> Trial:
    """Of as many gateways."""
    found = (gateway(f"gate{number}", one) for number, one in enumerate(shares, 1))
    return Trial("chat", RELEASED, tuple(found))


@pytest.mark.parametrize(
    ("shares", "last", "agrees"),
    [
        ((SENDS_HALF, SENDS_HALF), SENDS_HALF, True),
        ((SENDS_HALF, SENDS_ALL), SENDS_ALL, False),
        ((SENDS_HALF, None), SENDS_HALF, False),
        ((SENDS_HALF, ENDED), None, False),
        ((ENDED, ENDED), None, True),
        ((ENDED, None), None, True),
        ((None, None), None, True),
    ],
)
def test_the_later_word_counts_and_an_end_is_one(
    shares: tuple[Share | None, ...], last: Share | None, agrees: bool
) -> None:
    found = trial(*shares)
    assert (found.share, found.agrees) == (last, agrees)


def test_an_end_that_nginx_does_not_go_by_yet_is_no_agreement() -> None:
    found = Trial("chat", RELEASED, (gateway("gate1", ENDED, loaded="50@10"),))
    assert (found.share, found.agrees) == (None, False)


def test_who_needs_all_of_them_says_which_one_is_lost() -> None:
    lost = Unreachable("gate2", "no route")
    with pytest.raises(Unreachable, match="gate2 is unreachable: no route"):
        Trial("chat", RELEASED, (gateway("gate1", SENDS_HALF),), (lost,)).require_all()
