"""What answers say of their origin: who generated them, under which release, and where."""

from checks.chat import chat_request, said
from checks.fleet import Fleet
from checks.probes import gateway as probe
from checks.probes.gateway import Gateway
from checks.verdict import require

CHAT = "/v1/chat/completions"
REMEDY = "homeport apply loads the committed gateway; a proxy before it must not drop headers"


def check_answers_say_who_gave_them(gateway: Gateway, fleet: Fleet) -> None:
    """Of every model: a client that cannot tell a cloud's answer from the fleet's is misled."""
    released = fleet.committed[gateway.host].release.gateway
    wanted = released.revision if released is not None else ""
    for model in probe.models(gateway):
        answer = probe.ask(gateway, "POST", CHAT, chat_request(model, 1))
        require(answer.status == 200, f"{model}: {said(answer)}", "see check_engines")
        provider = answer.headers.get("x-homeport-provider", "")
        require(provider, f"{model}: the answer does not say who gave it", REMEDY)
        release = answer.headers.get("x-homeport-release", "")
        found = f"{model}: the answer is of release {release or 'unknown'}, committed is {wanted}"
        require(release == wanted, found, REMEDY)
