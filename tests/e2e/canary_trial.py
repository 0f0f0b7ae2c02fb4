"""A trial in the gateway's lab: pool `old` on one engine, its candidate `new` on the other."""

import random
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx

from checks.canary.gate import Gate, Verdict, outcome
from checks.canary.gates import gates
from checks.canary.sample import Request, read_requests
from deploys.plan.plan import Pool
from deploys.questions.canaries import NOW, Share, share_file
from deploys.settings.canary import Canary
from tests.e2e.gateway_lab import CHAT, Lab, docker
from tests.e2e.gateway_tree import KEY, access_lines
from tests.e2e.routing_pools import same_replicas
from tests.lab import plain_http

TESTER_KEY = "sk-test-tester"
CLIENTS = {
    "demo": {"key": f"file:{KEY}"},
    "ana": {"key": f"file:{TESTER_KEY}", "tester": True},
}
STEPS = (10, 25, 50, 100)
# As small as they may be: two cores do all of it.
WORDS = {
    "candidate": "new",
    "session_header": "X-Session-Id",
    "minimum_requests": 100,
    "tolerated_error_points": 4.0,
}
RULES = Canary.model_validate(WORDS)
SHADOW = {"candidate": "new", "shadow": {"percent": 100, "body_limit_kib": 64, "at_once": 64}}
AT_ONCE = 8
BATCH = 400
MOST_BATCHES = 12


def one_replica(name: str, engine: int, **routing: object) -> Pool:
    """A pool on one of the lab's two engines."""
    pool = same_replicas(name, waiting_requests=30, **routing)
    return replace(pool, replicas=(pool.replicas[engine],))


POOLS = (
    same_replicas("chat"),
    one_replica("old", 0, canary=WORDS),
    one_replica("copied", 0, canary=SHADOW),
    one_replica("new", 1),
)


def ask(
    lab: Lab, session: str = "", *, model: str = "old", key: str = KEY, arm: str = ""
) -> httpx.Response:
    """One request to the pool, or to another one."""
    headers = {"Authorization": f"Bearer {key}"}
    headers |= {"X-Session-Id": session} if session else {}
    headers |= {"X-Homeport-Arm": arm} if arm else {}
    return lab.chat({"model": model}, headers)


def set_share(lab: Lab, percent: int, pool: str = "old", candidate: str = "new") -> None:
    """As `homeport canary` does it, up to the word that says that nginx goes by it."""
    share = Share(pool, candidate, percent, STEPS if percent else (), since=time.time_ns())
    file = lab.folder / "state" / "canaries" / f"{pool}.conf"
    file.parent.mkdir(exist_ok=True)
    file.write_text(share_file(share, "ana").replace(NOW, str(share.since)))
    lab.reload()
    told = plain_http.get(f"{lab.admin_url}/revision", timeout=5).json()["canaries"]
    assert f"{pool}={share.loaded}" in told.split()


def candidates(lab: Lab, sessions: Iterable[str]) -> set[str]:
    """Of these sessions, those that the candidate answers."""
    with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=20) as client:

        def arm(session: str) -> str:
            answer = client.post(
                lab.url + CHAT, json={"model": "old"}, headers={"X-Session-Id": session}
            )
            return answer.headers["x-homeport-arm"]

        return {one for one in sessions if arm(one) == "candidate"}


def load(lab: Lab, count: int, seed: int) -> None:
    """So many requests, each in a session of its own, a few at a time."""
    rng = random.Random(seed)
    sessions = [f"{rng.random()}" for _ in range(count)]

    def client(mine: Sequence[str]) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=20) as one:
            for session in mine:
                one.post(lab.url + CHAT, json={"model": "old"}, headers={"X-Session-Id": session})

    with ThreadPoolExecutor(AT_ONCE) as clients:
        list(clients.map(client, [sessions[start::AT_ONCE] for start in range(AT_ONCE)]))


def requests_after(lab: Lab, first: int) -> list[Request]:
    """What the gateway's own log has since a line."""
    errors = docker("logs", lab.container("nginx")).splitlines()
    return list(read_requests([*errors, *access_lines(lab.folder)[first:]], "old"))


def run_trial(lab: Lab) -> tuple[Verdict, list[int], list[Gate]]:
    """Step by step by the gates alone: how it ended, the steps it took, and what it ended by."""
    taken: list[int] = []
    for step in STEPS:
        set_share(lab, step)
        taken.append(step)
        if step == STEPS[-1]:
            return "passes", taken, []
        first = len(access_lines(lab.folder))
        for batch in range(MOST_BATCHES):
            load(lab, BATCH, 1000 * step + batch)
            found = gates(requests_after(lab, first), RULES, len(STEPS) - 1)
            if outcome(found) == "fails":
                set_share(lab, 0)
                return "fails", taken, found
            if outcome(found) == "passes":
                break
        else:
            return "waits", taken, found
    raise AssertionError("there is a last step")
