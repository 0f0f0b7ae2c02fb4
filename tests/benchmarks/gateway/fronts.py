"""The ways to an answer that are measured side by side, all over the same engines."""

import dataclasses
import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploys.plan.plan import Pool
from tests.benchmarks.gateway import litellm
from tests.benchmarks.gateway.network import (
    CONTAINERS,
    INSIDE,
    address,
    container,
    start,
    start_nginx,
)
from tests.e2e.gateway_lab import CHAT, gateway_arguments
from tests.e2e.gateway_tree import write_tree
from tests.lab.images import image
from tests.lab.machine import LabError, docker
from tests.render.plans import small_pool

WORKERS = 2
# Drawn, as the kit's settings ask for: nginx knows such a key without a script.
KEY = secrets.token_hex(24)
READY_SECONDS = 180
WAITING = 4096
# Beyond what the load can do: counted for each request, and never reached.
LIMITS = {"requests_per_second": 1_000_000, "burst": 100_000, "concurrent_requests": 60_000}
TIERS = {"measured": LIMITS, "counted": {**LIMITS, "tokens_per_minute": 10**15}}
Clients = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Front:
    """One way to an answer."""

    words: str
    part: str
    port: int
    streams: tuple[str, int]
    """Container and port for streams and images, which another engine answers."""

    @property
    def url(self) -> str:
        """Where short questions are sent."""
        return f"http://{address(self.part)}:{self.port}"


def _gateway(words: str, part: str) -> Front:
    return Front(words, part, 8080, (part, 8080))


FRONTS = {
    "direct": Front("direct connection", "engine-1", 8080, ("reader", 8080)),
    "bare": Front("bare nginx", "bare", 8080, ("bare", 8090)),
    "bare_close": Front("bare nginx, no keep-alive to engines", "bare", 8070, ("bare", 8090)),
    "by_path": _gateway("gateway, body unread", "by-path"),
    "by_model": _gateway("gateway", "by-model"),
    "tokens": _gateway("gateway, tokens counted too", "tokens"),
    "to_llamacpp": _gateway("gateway to llama.cpp, no keep-alive", "to-llamacpp"),
    "litellm": Front("LiteLLM, 2 workers", "litellm", litellm.PORT, ("litellm", litellm.PORT)),
}
GATEWAYS = ("by_path", "by_model", "tokens", "to_llamacpp")
# Of which container the processor's time is the proxy's.
PROXIES = tuple(name for name in FRONTS if name != "direct")


def pools(replicas: int = 2, at: str = "", engine: str = "vllm") -> tuple[Pool, Pool]:
    """`chat` for short answers, `talk` for streams; `at` another host's address, from port 20000
    on. `engine` says whether the gateway keeps connections.
    """
    chat = small_pool("chat", replicas, engine=engine, waiting_requests=WAITING)
    if at:
        remote = tuple(
            dataclasses.replace(one, host="elsewhere", endpoint=f"{at}:{20000 + number}")
            for number, one in enumerate(chat.replicas)
        )
        chat = dataclasses.replace(chat, replicas=remote)
    return chat, small_pool("talk", 1, engine=engine, waiting_requests=WAITING)


def clients(number: int = 1, tier: str = "measured") -> Clients:
    """The one that asks, and others beside it."""
    others = {
        f"client-{one}": {
            "key": f"file:{hashlib.sha256(str(one).encode()).hexdigest()}",
            "tier": tier,
        }
        for one in range(1, number)
    }
    return {"asking": {"key": f"file:{KEY}", "tier": tier}, **others}


def start_gateway(
    part: str, folder: Path, nginx: str, served: Sequence[Pool], known: Clients
) -> dict[str, str]:
    """A gateway as a host runs it; its rendered files."""
    folder.mkdir()
    files = write_tree(
        folder,
        served,
        known,
        workers=WORKERS,
        tiers=TIERS,
        body_limit_mib=32,
        first_byte_seconds=60,
    )
    if part == "by-path":
        leave_the_body_unread(folder / "nginx")
    start(part, *gateway_arguments(folder, nginx, "-g", "daemon off;"))
    return files


def leave_the_body_unread(folder: Path) -> None:
    """Shows what reading costs. No mode of the kit: a wrong model's name would pass."""
    for name, old, new in (
        ("routes.conf", "    mirror /_body_read;\n    empty_gif;\n", "    include to_pool.conf;\n"),
        ("models.conf", '$pool {\n    default "";', "$pool {\n    default chat;"),
    ):
        text = (folder / name).read_text()
        if old not in text:
            raise LabError(f"{name} does not hold {old!r} any more", "see fronts.py")
        (folder / name).write_text(text.replace(old, new))


def start_fronts(names: Sequence[str], folder: Path, nginx: str) -> None:
    """Engines, the load's own container and these proxies, until each has answered."""
    folder.chmod(0o755)
    for number in (1, 2):
        start_nginx(f"engine-{number}", nginx, "engine.conf", aliases=[f"chat-{number}"])
    start_nginx("reader", nginx, "reader.conf", aliases=["talk-1"])
    start("load", "--volume", f"{CONTAINERS}:{INSIDE}:ro", image("wrk"))
    start_nginx("bare", nginx, "bare.conf", WORKERS)
    for name in names:
        if name in GATEWAYS:
            known = clients(tier="counted" if name == "tokens" else "measured")
            engine = "llamacpp" if name == "to_llamacpp" else "vllm"
            part = FRONTS[name].part
            start_gateway(part, folder / part, nginx, pools(engine=engine), known)
    if "litellm" in names:
        litellm.start(KEY, WORKERS)
    for name in names:
        wait_for(FRONTS[name])


def wait_for(front: Front) -> None:
    """Until it has answered."""
    give_up = time.monotonic() + READY_SECONDS
    body = {"model": "chat", "messages": [{"role": "user", "content": "Are you there?"}]}
    headers = {"Authorization": f"Bearer {KEY}"}
    while True:
        try:
            if httpx.post(front.url + CHAT, json=body, headers=headers, timeout=10).is_success:
                return
        except httpx.HTTPError:
            pass
        if time.monotonic() > give_up:
            log = docker("logs", "--tail=20", container(front.part), check=False)
            raise LabError(f"{front.words} does not answer", log or "see its log")
        time.sleep(0.2)
