"""The gate of a candidate's engines: whether they run on, and what their metrics say of queues."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from checks.canary.gate import Gate
from checks.committed import Committed
from checks.probes.containers import Container
from checks.probes.engines import ask_metrics
from checks.probes.host import Unreachable
from checks.probes.live import observe_all

# Of llama-server's and vLLM's own gauges, which say so in other words.
WAITING = r"^(?:llamacpp:requests_deferred|vllm:num_requests_waiting)(?:\{.*\})? (\S+)$"
PREEMPTED = r"^vllm:num_preemptions_total(?:\{.*\})? (\S+)$"


def engines_gate(committed: Sequence[Committed], root: Path, pool: str, since: int) -> Gate:
    """Fails when a replica is down, or has been started anew since then (seconds since 1970).

    One that a rollout has replaced has not crashed. Raises Unreachable.
    """
    hosts = [one for one in committed if any(replica.pool == pool for replica in one.replicas)]
    told, verdict = [], "passes"
    seen = observe_all(hosts, root)
    for one in hosts:
        live = seen[one.host.name]
        if isinstance(live, Unreachable):
            raise live
        engines = live.engines(one.release)
        metrics = ask_metrics(one.host, engines.values())
        for replica in one.replicas:
            if replica.pool == pool:
                wrong = _wrong(engines.get(replica.name), since)
                verdict = "fails" if wrong else verdict
                told.append(f"{replica.name} {wrong or _runs(metrics.get(replica.name, ''))}")
    return Gate("engines", "fails" if verdict == "fails" else "passes", "; ".join(told))


def _wrong(container: Container | None, since: int) -> str:
    if container is None or container.status != "running":
        return f"is {container.status if container else 'missing'}"
    if container.restart_count and _started(container.inspected) >= since:
        memory = ", for memory" if container.oom_killed else ""
        return f"has crashed{memory}, {container.restart_count} times in all"
    return ""


def _started(inspected: Mapping[str, object]) -> float:
    state = inspected.get("State")
    text = str(state.get("StartedAt", "")) if isinstance(state, dict) else ""
    # Docker writes nanoseconds, Python reads microseconds.
    whole = re.match(r"\d+-\d+-\d+T\d+:\d+:\d+", text)
    return datetime.fromisoformat(whole[0]).replace(tzinfo=UTC).timestamp() if whole else 0.0


def _runs(metrics: str) -> str:
    found = {
        name: match[1]
        for name, pattern in (("waiting", WAITING), ("preempted", PREEMPTED))
        if (match := re.search(pattern, metrics, re.MULTILINE))
    }
    numbers = ", ".join(f"{float(value):g} {name}" for name, value in found.items())
    return f"runs ({numbers})" if numbers else "runs"
