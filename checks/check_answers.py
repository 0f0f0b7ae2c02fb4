"""What answers say of their origin: who generated them, under which release, and where."""

from checks.asking import ask, models
from checks.chat import said
from checks.fleet import Fleet
from checks.probes.gateway import Gateway
from checks.verdict import require

REMEDY = "homeport apply loads the committed gateway; a proxy before it must not drop headers"


def check_answers_say_who_gave_them(gateway: Gateway, fleet: Fleet) -> None:
    """Of every model: a client that cannot tell a cloud's answer from the fleet's is misled."""
    released = fleet.committed[gateway.host].release.gateway
    wanted = released.revision if released is not None else ""
    for one in models(gateway, fleet):
        model, answer = one.name, ask(gateway, one)
        require(answer.status == 200, f"{model}: {said(answer)}", "see check_engines")
        provider = answer.headers.get("x-homeport-provider", "")
        require(provider, f"{model}: the answer does not say who gave it", REMEDY)
        release = answer.headers.get("x-homeport-release", "")
        shown = release[:12] or "unknown"
        found = f"{model}: the answer is of release {shown}, committed is {wanted[:12]}"
        require(release == wanted, found, REMEDY)
