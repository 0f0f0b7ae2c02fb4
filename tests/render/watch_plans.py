"""A plan of a gateway and a host with engines, and of one host that is both, watched."""

import dataclasses

import yaml

from deploys.plan.plan import HostPlan, Plan
from deploys.render.files import render_environment
from deploys.render.release import Access
from deploys.render.watch_program import program
from deploys.settings.watch import Watch
from tests.environments import ROOT
from tests.render.plans import HOST, small_plan, small_pool

WATCH = Watch(webhook="env:HOOK", textfile_directory="/var/lib/node-exporter")


def one_host() -> Plan:
    """Engines and gateway beside each other."""
    return dataclasses.replace(small_plan(), watch=WATCH)


def two_hosts() -> Plan:
    """Two replicas on `gpu1`, a third on the gateway's own host."""
    plan = one_host()
    far = tuple(
        dataclasses.replace(one, host="gpu1", endpoint=f"10.0.0.2:900{number}")
        for number, one in enumerate(plan.pools[0].replicas)
    )
    (near,) = small_pool("rank", kind="reranking").replicas
    near = dataclasses.replace(near, endpoint="10.0.0.1:9001")
    gate = dataclasses.replace(plan.host(HOST), replicas=(near,), address="10.0.0.1")
    gpu1 = HostPlan("gpu1", ("gpu_hosts",), far, None, "10.0.0.2")
    pools = (
        dataclasses.replace(plan.pools[0], replicas=far),
        dataclasses.replace(small_pool("rank", kind="reranking"), replicas=(near,)),
    )
    return dataclasses.replace(plan, hosts=(gate, gpu1), pools=pools)


def watch_texts(plan: Plan, host: str) -> dict[str, str]:
    """File below the release's `watch` -> text; the manifest as `release.yaml`."""
    rendered = render_environment(plan, Access(clients={}), ROOT / "templates")
    folder = f"compose/{plan.environment}/{host}/"
    found = {
        path.removeprefix(f"{folder}watch/"): text
        for path, text in rendered.items()
        if path.startswith(f"{folder}watch/")
    }
    return {**found, "release.yaml": rendered[f"{folder}release.yaml"]}


def texts_on_a_host(plan: Plan, host: str) -> dict[str, str]:
    """The same with the program, as a deploy brings it."""
    rendered = watch_texts(plan, host)
    parts = yaml.safe_load(rendered["release.yaml"])["watch"]["parts"]
    files = program(*parts)
    return {**rendered, **{path.removeprefix("watch/"): files[path].read_text() for path in files}}
