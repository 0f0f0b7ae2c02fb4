"""Made-up reports."""

from typing import Any

from checks.reports.words import Benchmark, Check, Counts, Finding, Gpu, Host, Load, Replica, Report

# Whoever names a host, writes into a log or publishes a model may try this.
HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>\"'&\x1b[2J\u202e"


def check(name: str, result: str = "passed", **words: Any) -> Check:  # noqa: ANN401 - any word
    """One check of one host."""
    group = words.pop("group", "hosts")
    host = words.get("host", "gpu1")
    red = [Finding(cause="it is not so", evidence=["line 7"], remedies=["homeport apply"])]
    found: dict[str, Any] = {
        "group": group,
        "check": name,
        "subject": host,
        "host": host,
        "file": f"checks/check_{group}.py",
        "result": result,
        "seconds": 0.5,
        "message": "" if result == "passed" else "it is not so\nremedy: homeport apply",
        "findings": red if result in ("failed", "unreachable") else [],
    }
    return Check(**{**found, **words})


def host(name: str, gpus: int = 2) -> Host:
    """One host with so many GPUs, and a replica on each."""
    numbers = range(gpus)
    return Host(
        name=name,
        roles=["gpu_hosts"],
        release="0123456789ab",
        gpus=[
            Gpu(uuid=f"GPU-{at}0d8b5a6-43d2-4d9a-8b1e-{name:x>12}", name="NVIDIA H100 80GB HBM3",
                memory_mib=81559)
            for at in numbers
        ],
        replicas=[
            Replica(name=f"chat-{at}", pool="chat", engine="vllm", version="0.33.0",
                    model="qwen2.5-72b-instruct-awq")
            for at in numbers
        ],
    )  # fmt: skip


def report(*checks: Check, **changes: Any) -> Report:  # noqa: ANN401 - any word
    """One run of these checks."""
    results = [str(one.result) for one in checks]
    found: dict[str, Any] = {
        "environment": "lab",
        "fleet": "0123456789ab",
        "time": "2026-11-26T12:00:00.000Z",
        "seconds": 12.3,
        "disruptive": False,
        "exit_code": 5 if any(one.is_red for one in checks) else 0,
        "counts": Counts(**{name: results.count(name) for name in Counts.model_fields}),
        "hosts": [host("gpu1"), host("gpu2"), host("gate1", 0)],
        "checks": list(checks),
        "benchmarks": [],
    }
    return Report(**{**found, **changes})


def benchmark(first_token_ms: float = 100, **changes: Any) -> Benchmark:  # noqa: ANN401 - any word
    """One load of one model."""
    load = Load(
        load="4 users",
        requests=100,
        answered=99,
        first_token_p50_ms=first_token_ms,
        first_token_p95_ms=first_token_ms * 2,
        token_p50_ms=10,
        total_p95_ms=None,
        tokens_per_second=400,
        good_per_second=3.9,
        in_time_percent=99,
    )
    found: dict[str, Any] = {
        "model": "chat",
        "workload": "prompt 64, completion 16, shared tokens 0, seed 1",
        "time": "2026-11-26T11:00:00.000Z",
        "capacity_users": 4,
        "loads": [load],
    }
    return Benchmark(**{**found, **changes})


GROUPS = {
    "hosts": ["docker answers", "every container runs", "every container is healthy"],
    "gpus": ["the nvidia driver answers", "no gpu is lost", "each pcie link is wide and fast"],
    "engines": ["each replica says it is ready", "each replica answers a completion"],
    "gateway": ["every model answers a chat", "streams arrive over time"],
    "drift": ["the host is what was committed"],
}
OUT_OF_MEMORY = [
    Finding(
        cause="chat-1 does not answer on port 8080",
        evidence=[],
        remedies=["wait for a large model to load; otherwise `docker logs` says why"],
    ),
    Finding(
        cause="chat-1: the model takes more memory than the GPU has free",
        evidence=["torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.31 GiB. " * 3],
        remedies=["inventories/group_data/lab.py:12: pools.chat.context_tokens: lower it"],
    ),
]


def fleet(hosts: int = 3) -> Report:
    """What a run of some size looks like, with something of everything."""
    names = [f"gpu{at}" for at in range(1, hosts + 1)]
    checks = [
        check(name, group=group, host=one, seconds=0.1 * len(name))
        for group, of_it in GROUPS.items()
        for name in of_it
        for one in names
    ]
    red = check("each replica stays up", "failed", group="engines", host="gpu2",
                findings=OUT_OF_MEMORY, subject="gpu2-chat-1")  # fmt: skip
    lost = check("no gpu waits for a recovery", "unreachable", group="gpus", host="gpu3")
    skipped = check("each nvlink is up", "skipped", group="gpus", host="gpu1",
                    message="not to be judged here\n  GPU 0 (NVIDIA L4): no NVLink")  # fmt: skip
    noted = check("drivers stay loaded", group="gpus", message="GPU 1: persistence mode is off")
    return report(*checks, red, lost, skipped, noted, hosts=[host(one) for one in names])
