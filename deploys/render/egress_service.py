"""The egress hop as a service of the gateway's Compose project."""

import hashlib
import json
from collections.abc import Mapping

from deploys.plan.plan import Plan
from deploys.render.egress import FOLDER, SYSTEM_AUTHORITIES
from deploys.render.release_gateway import EgressRelease
from deploys.settings.gateway import Gateway

EGRESS = "egress"
# Where Debian and Ubuntu keep the CAs that a host trusts, the site's own included
# (package ca-certificates).
HOST_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
# Bodies on their way out; fewer than the gateway's own.
SPOOL_MIB = 256
OWN_MIB = 64

Values = dict[str, object]


def egress_service(plan: Plan, gateway: Gateway, nginx: Mapping[str, str]) -> Values | None:
    """What the Compose template fills in; None where there is no cloud."""
    if plan.cloud is None:
        return None
    mounts = [
        _mount("../../gateway", "gateway"),
        _mount("../../releases", "releases"),
        _mount("../../secrets/egress", "secrets/egress"),
        # The one directory of the kit that a gateway's container can write.
        {**_mount("../../state/egress", "state/egress"), "read_only": False},
    ]
    if not plan.cloud.authority:
        mounts.append({"source": HOST_AUTHORITIES, "target": SYSTEM_AUTHORITIES, "read_only": True})
    return {
        "mounts": mounts,
        "files_sha256": _digest(nginx),
        "network": f"homeport-{plan.environment}-egress",
        "outside": f"homeport-{plan.environment}-outside",
        "spool_mib": SPOOL_MIB,
        # A body, its text, and the text with another name in it, for four requests at a time.
        "memory_mib": SPOOL_MIB + OWN_MIB + 4 * 3 * gateway.body_limit_mib,
    }


def egress_release(plan: Plan) -> EgressRelease | None:
    """What the deploy needs; None where there is no cloud."""
    if plan.cloud is None:
        return None
    settings = plan.cloud.settings
    return EgressRelease(
        service=EGRESS,
        provider=settings.provider,
        server=settings.server,
        key=settings.key,
        pools=dict(plan.cloud.pools),
    )


def _mount(source: str, target: str) -> Values:
    return {"source": source, "target": f"/srv/homeport/{target}", "read_only": True}


def _digest(nginx: Mapping[str, str]) -> str:
    own = {path: text for path, text in nginx.items() if path.startswith(f"{FOLDER}/")}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()
