"""The gateway's nginx itself, and which host has the address that gateways share."""

from checks.fleet import Fleet
from checks.probes.gateway import Gateway
from checks.verdict import none_of, require
from deploys.questions.nginx import too_old


def check_nginx_has_no_known_holes(gateway: Gateway, fleet: Fleet) -> None:
    """By the packages in the container that runs, not only by what nginx says of itself."""
    live = fleet.live(gateway.host)
    remedy = "rebuild or pull a newer image (`images.nginx`), then homeport apply"
    with_njs = fleet.committed[gateway.host].release.uses_njs
    none_of(too_old(live.nginx_versions, with_njs=with_njs), "nginx is not fit", remedy)


def check_one_gateway_has_the_shared_address(shared_address: str, fleet: Fleet) -> None:
    """None: clients reach nobody. Two: they reach one or the other, by chance."""
    address = shared_address.rpartition(":")[0]
    having = [name for name in _gateways(fleet) if address in fleet.live(name).keepalived.addresses]
    remedy = "`journalctl --unit keepalived` on the gateways; does VRRP (protocol 112) pass?"
    require(
        len(having) == 1,
        f"{address} is at {' and '.join(having) or 'no gateway'}, not at one of them",
        remedy,
    )


def check_every_gateway_could_take_the_shared_address(shared_address: str, fleet: Fleet) -> None:
    """One that could not is found out when it is needed."""
    unfit = [name for name in _gateways(fleet) if not fleet.live(name).keepalived.fit]
    remedy = "its network device (`interface`), and `bash -x /etc/keepalived/check-gateway` there"
    none_of(unfit, f"{shared_address} could not be taken by", remedy)


def _gateways(fleet: Fleet) -> list[str]:
    return [name for name, one in fleet.committed.items() if one.release.gateway is not None]
