"""Fills in what a release says about a gateway."""

from collections.abc import Mapping

from deploys.plan.plan import HostPlan, Plan
from deploys.render.compose_gateway import listened
from deploys.render.egress_service import egress_release
from deploys.render.nginx import gateway_revision
from deploys.render.nginx_canary import session_header
from deploys.render.nginx_limits import counts_tokens, used_tiers
from deploys.render.nginx_paths import asked_paths
from deploys.render.nginx_pools import engine_address
from deploys.render.nginx_routes import keeps_answers
from deploys.render.nginx_tls import challenge_listener
from deploys.render.release_gateway import CanaryRelease, GatewayRelease, LimitsRelease
from deploys.settings.client import Client


def gateway_release(
    plan: Plan, host: HostPlan, shipped: Mapping[str, str], clients: Mapping[str, Client]
) -> GatewayRelease | None:
    """None for a host that is no gateway; `shipped` is all that it gets, by path."""
    if host.gateway is None:
        return None
    nginx = {
        path.removeprefix("nginx/"): text
        for path, text in shipped.items()
        if path.startswith("nginx/")
    }
    replicas = [replica for pool in plan.pools for replica in pool.replicas]
    return GatewayRelease(
        service="nginx",
        image=plan.images["nginx"],
        revision=gateway_revision(nginx),
        admin_port=host.gateway.admin_port,
        listen=listened(host.gateway)[0],
        shared="".join(listened(host.gateway)[1:]),
        challenge=challenge_listener(host.gateway),
        tls=host.gateway.tls,
        engines={
            replica.endpoint: replica.name
            for replica in (*replicas, *plan.stand_ins.values())
            if replica.host != host.name or replica.group is not None
        },
        clients=dict(sorted(clients.items())),
        stand_ins={one.name: engine_address(one, host) for one in plan.stand_ins.values()},
        paths=asked_paths(plan, host.gateway),
        njs=host.gateway.njs,
        counts_tokens=counts_tokens(host.gateway, plan.clients),
        keeps_answers=keeps_answers(plan),
        egress=egress_release(plan),
        canaries={
            pool.name: CanaryRelease(
                model=pool.public_name,
                words=pool.routing.canary,
                session_header=session_header(pool),
            )
            for pool in plan.pools
            if pool.routing.canary is not None
        },
        limits=LimitsRelease(
            body_limit_mib=host.gateway.body_limit_mib,
            anonymous=host.gateway.anonymous,
            tiers=used_tiers(host.gateway, clients),
        ),
    )
