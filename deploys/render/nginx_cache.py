"""What the gateway's nginx files say about answers that are kept; nothing where none are."""

import hashlib
import json
from collections.abc import Iterator

from deploys.plan.arguments import argument_words
from deploys.plan.plan import Plan, Pool
from deploys.render.image_tags import image_name
from deploys.render.nginx_cloud import Way, cloud_ways, filled
from deploys.render.nginx_routes import PATHS, keeps_answers, silences_of
from deploys.render.nginx_text import nginx_word
from deploys.settings.answer_cache import AnswerCache
from deploys.settings.gateway import Gateway

Values = dict[str, object]


def cache_values(plan: Plan, gateway: Gateway) -> Values | None:
    """What the templates fill in; None where no pool's answers are kept."""
    if not keeps_answers(plan):
        return None
    settings = gateway.answer_cache or AnswerCache()
    return {
        "seconds": settings.seconds,
        "disk_mib": settings.disk_mib,
        "memory_mib": settings.memory_mib,
        "body_bytes": settings.body_kib * 1024,
        "pools": [_pool(plan, pool) for pool in _keeping(plan)],
        "repeating_paths": [*PATHS["embeddings"], *PATHS["reranking"]],
        "generating_paths": PATHS["generation"],
        "ways": list(_ways(plan, gateway)),
    }


def _keeping(plan: Plan) -> list[Pool]:
    return [pool for pool in plan.pools if pool.routing.answer_cache != "never"]


def _pool(plan: Plan, pool: Pool) -> Values:
    scope = "everybody" if pool.routing.answer_cache == "across_clients" else "client"
    return {"pool": nginx_word(pool.name), "scope": scope, "model": model_digest(plan, pool)}


def model_digest(plan: Plan, pool: Pool) -> str:
    """12 hex characters: what the pool's engines are, and which weights they run in which way."""
    words = {
        json.dumps(
            [
                replica.model.model_dump(mode="json"),
                argument_words(replica.arguments),
                replica.version,
            ],
            sort_keys=True,
        )
        for replica in pool.replicas
    }
    names = {image_name(pool.engine, on_gpus=bool(replica.gpus)) for replica in pool.replicas}
    images = sorted(plan.images[name] for name in names)
    return hashlib.sha256("\n".join([*images, *sorted(words)]).encode()).hexdigest()[:12]


def _ways(plan: Plan, gateway: Gateway) -> Iterator[Values]:
    """The locations that a whole answer may come from, and whose requests go to each."""
    stays = "never" if plan.cloud is not None else ""
    found = [(stays, Way("cached", "", "", None, ""))]
    for pool in _keeping(plan):
        own = silences_of(pool, gateway)
        if own is not None:
            name = f"whole_{nginx_word(pool.name)}"
            found.append((stays, Way(f"cached_{name}", f"@{name}", "", own[0], "")))
    found += [
        ("fallback", Way(f"cached_{way.location}", way.silence, "", way.seconds, way.page))
        for way in cloud_ways(plan, gateway)
        if not way.stream
    ]
    for arm, way in found:
        yield {**filled(way), "key": f"yes|{arm}|{way.silence}"}
