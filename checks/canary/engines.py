"""The gate of a candidate's engines: whether they run on, and what their metrics say of queues."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from checks.canary.gate import WORST_FIRST, Gate, Verdict
from checks.committed import Committed
from checks.probes.containers import Container
from checks.probes.engines import ask_metrics
from checks.probes.host import Unreachable
from checks.probes.live import Live, observe_all

# Of llama-server's and vLLM's own gauges, which say so in other words.
WAITING = r"^(?:llamacpp:requests_deferred|vllm:num_requests_waiting)(?:\{.*\})? (\S+)$"
PREEMPTED = r"^vllm:num_preemptions_total(?:\{.*\})? (\S+)$"


def engines_gate(committed: Sequence[Committed], root: Path, pool: str, since: int) -> Gate:
    """Fails when a replica is down, or has been started anew since then (seconds since 1970).

    One that a rollout has replaced has not crashed. A host that gives no answer is waited for:
    whether it serves the gateways show.
    """
    hosts = [one for one in committed if any(replica.pool == pool for replica in one.replicas)]
    seen = observe_all(hosts, root)
    told: list[tuple[Verdict, str]] = []
    for one in hosts:
        try:
            told += _of_host(one, seen[one.host.name], pool, since)
        except Unreachable as lost:
            told.append(("waits", f"{lost.host} is unreachable: {lost.reason}"))
    verdicts = [verdict for verdict, _ in told]
    worst: Verdict = next((one for one in WORST_FIRST if one in verdicts), "passes")
    return Gate("engines", worst, "; ".join(words for _, words in told))


def _of_host(
    one: Committed, live: Live | Unreachable, pool: str, since: int
) -> Iterator[tuple[Verdict, str]]:
    if isinstance(live, Unreachable):
        raise live
    engines = live.engines(one.release)
    metrics = ask_metrics(one.host, engines.values())
    for replica in one.replicas:
        if replica.pool == pool:
            wrong = _wrong(engines.get(replica.name), since)
            words = wrong or _runs(metrics.get(replica.name, ""))
            yield "fails" if wrong else "passes", f"{replica.name} {words}"


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
