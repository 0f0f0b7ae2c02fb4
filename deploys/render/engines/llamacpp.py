"""llama-server: the argument list, from the plan. Checked against build 11669 (Debian 0.7.0)."""

from collections.abc import Mapping

from deploys.catalogue.vision import takes_any_size, tokens_of_an_image
from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.plan import Pool, Replica
from deploys.render.engines.service import PORT, Argument, Service, load_seconds
from deploys.settings.routing import Kind

# Each open connection holds a thread, idle ones too: those of health checks, of metrics, of whoever
# else asks. Gateways have one for each answer (nginx_pools.py).
SPARE_HTTP_THREADS = 16
LEAST_PIDS = 256
# After SIGTERM build 11669 generates nothing more and keeps its streams for 30 s before it breaks
# them off: the rollout waits for them before.
GRACE_SECONDS = 60
IMAGE_REASON = "Larger images are scaled down: what is planned holds so much."
SHARES_REASON = "Parts of the layers, in the order of the GPUs."


def service(pool: Pool, replica: Replica) -> Service:
    """One llama-server."""
    url = f"http://127.0.0.1:{PORT}/health"
    return Service(
        arguments=arguments(pool, replica),
        health=("curl", "--fail", "--silent", "--show-error", url),
        health_reason="llama-server says 503 while it loads and 200 once it can answer.",
        start_period_seconds=30 + load_seconds(replica),
        stop_grace_seconds=GRACE_SECONDS,
        user="10001:10001",
        tmp_options="size=64m",
        pids_limit=max(LEAST_PIDS, _http_threads(replica) + 2 * replica.arguments.threads + 64),
        # The plan numbers GPUs by their bus addresses, CUDA by their speed unless it is told.
        environment={"CUDA_DEVICE_ORDER": "PCI_BUS_ID"} if replica.gpus else {},
    )


_KINDS: Mapping[Kind, list[Argument]] = {
    "generation": [],
    "embeddings": [Argument(("--embeddings",), "Pooled as the model's own header says.")],
    "reranking": [Argument(("--reranking",))],
}


def arguments(pool: Pool, replica: Replica) -> list[Argument]:
    """Every flag of llama-server that matters, so that its auto-fit has nothing to decide."""
    return [
        Argument(("--model", f"/models/{replica.model.files[0].name}")),
        *_projector(replica),
        *_KINDS[pool.routing.kind],
        Argument(("--alias", pool.public_name)),
        Argument(("--host", "0.0.0.0")),  # noqa: S104 - inside the container's own network
        Argument(("--port", str(PORT))),
        *_sizes(pool, replica),
        *_drafts(_plan(replica)),
        *_places(replica),
        *_hardening(pool, replica),
    ]


def _sizes(pool: Pool, replica: Replica) -> list[Argument]:
    plan = _plan(replica)
    flash_attention = "on" if plan.flash_attention else "off"
    return [
        Argument(
            ("--ctx-size", str(plan.context_tokens)),
            slots_reason(pool, plan),
        ),
        Argument(("--parallel", str(plan.slots))),
        Argument(("--kv-unified",), "All slots share the cache.")
        if plan.unified
        else Argument(("--no-kv-unified",), "A long request cannot eat its neighbour's part."),
        Argument(("--threads", str(plan.threads))),
        Argument(("--threads-batch", str(plan.threads))),
        Argument(
            ("--threads-http", str(_http_threads(replica))),
            "One per request that runs or waits; more for health, metrics, idle connections.",
        ),
        Argument(("--batch-size", str(plan.batch_tokens))),
        Argument(("--ubatch-size", str(plan.micro_batch_tokens))),
        Argument(("--cache-type-k", plan.kv_cache_type)),
        Argument(("--cache-type-v", plan.kv_cache_type)),
        Argument(("--flash-attn", flash_attention)),
        Argument(("--fit", "off"), "The plan has fitted already; it must not be changed silently."),
        Argument(("--cache-ram", "0"), "Its default is 8 GiB of RAM that no plan has counted."),
    ]


def _drafts(plan: LlamaCppArguments) -> list[Argument]:
    """Build 11669 told the same sizes of its buffers with these and without."""
    if plan.drafts is None:
        return []
    reason = "Guesses from the prompt, checked at once: no second model and no memory beside."
    return [
        Argument(("--spec-type", "ngram-simple"), reason),
        Argument(("--spec-ngram-simple-size-n", str(plan.drafts.longest_match))),
        Argument(("--spec-ngram-simple-size-m", str(plan.drafts.tokens))),
    ]


def slots_reason(pool: Pool, plan: LlamaCppArguments) -> str:
    """What the size of the context is made of."""
    per_slot = plan.context_tokens // plan.slots
    # Others keep a cache only where their model does.
    whole = "The whole cache: " if pool.routing.kind == "generation" else ""
    return f"{whole}{per_slot} tokens in each of {plan.slots} slots."


def shares(plan: LlamaCppArguments, gpus: int) -> str:
    """Parts of the layers on each of several GPUs, as llama.cpp takes them."""
    return ",".join(f"{share:g}" for share in plan.tensor_split or (1.0,) * gpus)


def _http_threads(replica: Replica) -> int:
    return replica.arguments.slots + replica.waiting_requests + SPARE_HTTP_THREADS


def _places(replica: Replica) -> list[Argument]:
    """What lies on which GPU."""
    plan, gpus = _plan(replica), len(replica.gpus)
    layers = Argument(("--gpu-layers", str(plan.gpu_layers)), "Counting the output." * bool(gpus))
    if not gpus:
        return [layers]
    if gpus == 1:
        split = [Argument(("--split-mode", "none")), Argument(("--main-gpu", "0"))]
    else:
        split = [
            Argument(("--split-mode", "layer")),
            Argument(("--tensor-split", shares(plan, gpus)), SHARES_REASON),
        ]
    experts = "Layers, from the first, whose experts stay in RAM."
    return [layers, *split, Argument(("--n-cpu-moe", str(plan.experts_on_cpu)), experts)]


def _projector(replica: Replica) -> list[Argument]:
    file, shape = replica.model.projector, replica.model.architecture
    if file is None:
        return []
    found = [Argument(("--mmproj", f"/models/{file.name}"))]
    tower = shape.vision if shape else None
    if tower is not None and takes_any_size(tower):
        most = str(tokens_of_an_image(tower))
        found.append(Argument(("--image-max-tokens", most), IMAGE_REASON))
    return found


def _plan(replica: Replica) -> LlamaCppArguments:
    if not isinstance(replica.arguments, LlamaCppArguments):
        raise TypeError(f"{replica.name} is not one of llama-server")
    return replica.arguments


def _template(plan: LlamaCppArguments) -> list[Argument]:
    """A name is one only without Jinja, which takes it for a template's text (common/chat.cpp)."""
    if plan.chat_template is None:
        return [Argument(("--jinja",), "The model's own chat template.")]
    return [
        Argument(("--no-jinja",), "So that the next is a name, not the text of a template."),
        Argument(("--chat-template", plan.chat_template), "The engine's own: the model has none."),
    ]


def _hardening(pool: Pool, replica: Replica) -> list[Argument]:
    return [
        *([] if replica.gpus else [Argument(("--device", "none"))]),
        Argument(("--timeout", "600"), "Seconds of silence; its default of an hour holds a slot."),
        Argument(("--metrics",)),
        Argument(("--no-slots",), "On by default; shows other clients' requests."),
        Argument(("--no-ui",)),
        Argument(("--offline",), "Never downloads: the deploy brings the model."),
        *(_template(_plan(replica)) if pool.routing.kind == "generation" else []),
        Argument(("--log-colors", "off")),
        Argument(
            ("--log-verbosity", "4"),
            "Its default of 3 hides the sizes of its buffers; prompts are told from 5 on.",
        ),
    ]
