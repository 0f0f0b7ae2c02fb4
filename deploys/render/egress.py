"""The files of the egress hop, the second nginx through which alone something leaves."""

import json
from collections.abc import Mapping
from pathlib import Path

from deploys.plan.cloud import CloudPlan
from deploys.plan.plan import Plan
from deploys.render.nginx_errors import egress_error_pages
from deploys.render.nginx_text import map_pattern, nginx_string, nginx_word
from deploys.render.templates import Render

CONCERNS = (
    *("nginx.conf", "offers.conf", "audit.conf", "provider.conf", "server.conf"),
    "limits.js",
)
SCRIPTS = ("egress.js", "breaker.js", "budget.js", "usage.js")
# Below nginx/<environment>/<host>/ and in the container's gateway/current.
FOLDER = "egress"
AUTHORITY = "authority.pem"
# Where the host's own list of CAs is mounted.
SYSTEM_AUTHORITIES = "/srv/homeport/authorities.pem"

Values = dict[str, object]


def egress_files(
    plan: Plan, values: Mapping[str, object], render: Render, templates: Path
) -> dict[str, str]:
    """Path below nginx/<environment>/<host>/ -> text; empty where there is no cloud."""
    if plan.cloud is None:
        return {}
    body_limit_mib = values["body_limit_mib"]
    if not isinstance(body_limit_mib, int):
        raise TypeError("body_limit_mib is a number")
    filled = {**values, "egress": _values(plan, plan.cloud, body_limit_mib)}
    files = {name: render(f"egress/{name}.j2", filled) for name in CONCERNS}
    files |= {name: (templates / "egress" / name).read_text() for name in SCRIPTS}
    files["body.js"] = (templates / "nginx" / "body.js").read_text()
    if plan.cloud.authority:
        files[AUTHORITY] = plan.cloud.authority
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def _values(plan: Plan, cloud: CloudPlan, body_limit_mib: int) -> Values:
    settings = cloud.settings
    host, _, port = settings.server.rpartition(":")
    armed = [pool for pool in plan.pools if pool.name in cloud.pools]
    return {
        "provider": nginx_word(settings.provider),
        "server": settings.server,
        "server_name": host,
        "host_header": host if port == "443" else settings.server,
        "path": settings.path,
        "headers": sorted(settings.headers.items()),
        "authority": AUTHORITY if cloud.authority else SYSTEM_AUTHORITIES,
        "clients": [nginx_word(name) for name in cloud.clients],
        "models": [
            {"pattern": map_pattern(name), "provider_model": nginx_string(model)}
            for pool in armed
            for model in [settings.models[pool.public_name]]
            for name in pool.own_names
        ],
        "errors": egress_error_pages(body_limit_mib),
        "prices_date": str(settings.prices.date),
        "limits": _limits(cloud),
    }


def _limits(cloud: CloudPlan) -> str:
    """A JavaScript object, which JSON is."""
    settings = cloud.settings
    document = {
        "day": settings.budget.day.model_dump(),
        "month": settings.budget.month.model_dump(),
        "alert_percent": settings.budget.alert_percent,
        "answer_tokens": settings.budget.answer_tokens,
        "currency": settings.prices.currency,
        "prices": {
            model: settings.prices.models[model].model_dump()
            for model in sorted(set(settings.models.values()))
        },
        "breaker": settings.breaker.model_dump(),
    }
    return json.dumps(document, indent=4)
