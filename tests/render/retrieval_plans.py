"""Small plans with a vector store, made by hand."""

from collections.abc import Mapping
from dataclasses import replace

from deploys.plan.plan import Plan
from deploys.plan.retrieval import retrieval_plan
from deploys.settings.retrieval import Retrieval
from tests.render.plans import MODEL, small_plan, small_pool

FILE = "inventories/group_data/small.py"
COLLECTION: Mapping[str, object] = {"pool": "vectors"}
SERVED = {"vectors": ("public-vectors", "tiny-embedding", MODEL)}


def store_plan(*, collection: Mapping[str, object] | None = None, **words: object) -> Plan:
    """One host with every role; the collection `texts` of the pool `vectors`."""
    described = {"collections": {"texts": {**COLLECTION, **(collection or {})}}, **words}
    planned = retrieval_plan(FILE, Retrieval.model_validate(described), SERVED)
    pool = small_pool("vectors", public_name="public-vectors", kind="embeddings")
    plan = small_plan(pool)
    host = replace(plan.hosts[0], roles=("gpu_hosts", "gateways", "vector_stores"))
    images = {**plan.images, "postgresql": "homeport/postgresql:0123456789ab"}
    return replace(plan, hosts=(host,), retrieval=planned, images=images)
