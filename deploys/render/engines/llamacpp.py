"""llama-server: the argument list, from the plan. Checked against build 11669 (Debian 0.7.0)."""

from dataclasses import dataclass

from deploys.plan.plan import LlamaCppArguments, Pool, Replica

# Each open connection holds a thread, idle ones too: the gateway keeps up to 4 per worker.
SPARE_HTTP_THREADS = 16


@dataclass(frozen=True)
class Argument:
    """One flag with its value, and why it is there when that is not plain."""

    words: tuple[str, ...]
    reason: str = ""


def arguments(pool: Pool, replica: Replica) -> list[Argument]:
    """Every flag of llama-server that matters, so that its auto-fit has nothing to decide."""
    return [
        Argument(("--model", f"/models/{replica.model.files[0].name}")),
        Argument(("--alias", pool.public_name)),
        Argument(("--host", "0.0.0.0")),  # noqa: S104 - inside the container's own network
        Argument(("--port", "8080")),
        *_sizes(pool, replica),
        *_hardening(replica),
    ]


def start_period_seconds(replica: Replica) -> int:
    """Time to load: the weights at 100 MiB/s, a slow disk or network volume, and half a minute."""
    return 30 + sum(file.size_bytes for file in replica.model.files) // (100 * 2**20)


def _sizes(pool: Pool, replica: Replica) -> list[Argument]:
    plan = replica.arguments
    if not isinstance(plan, LlamaCppArguments):
        raise TypeError(f"{replica.name} is not one of llama-server")
    per_slot = plan.context_tokens // plan.slots
    flash_attention = "on" if plan.flash_attention else "off"
    return [
        Argument(
            ("--ctx-size", str(plan.context_tokens)),
            f"The whole cache: {per_slot} tokens in each of {plan.slots} slots.",
        ),
        Argument(("--parallel", str(plan.slots))),
        Argument(("--no-kv-unified",), "A long request cannot eat its neighbour's part."),
        Argument(("--threads", str(plan.threads))),
        Argument(("--threads-batch", str(plan.threads))),
        Argument(
            ("--threads-http", str(plan.slots + replica.waiting_requests + SPARE_HTTP_THREADS)),
            "One per request that runs or waits; more for health, metrics, idle connections.",
        ),
        Argument(("--batch-size", str(plan.batch_tokens))),
        Argument(("--ubatch-size", str(plan.micro_batch_tokens))),
        Argument(("--cache-type-k", plan.kv_cache_type)),
        Argument(("--cache-type-v", plan.kv_cache_type)),
        Argument(("--flash-attn", flash_attention)),
        Argument(("--gpu-layers", str(plan.gpu_layers))),
        Argument(("--fit", "off"), "The plan has fitted already; it must not be changed silently."),
        Argument(("--cache-ram", "0"), "Its default is 8 GiB of RAM that no plan has counted."),
    ]


def _hardening(replica: Replica) -> list[Argument]:
    return [
        *([] if replica.gpus else [Argument(("--device", "none"))]),
        Argument(("--timeout", "600"), "Seconds of silence; its default of an hour holds a slot."),
        Argument(("--metrics",)),
        Argument(("--no-slots",), "On by default; shows other clients' requests."),
        Argument(("--no-ui",)),
        Argument(("--offline",), "Never downloads: the deploy brings the model."),
        Argument(("--jinja",), "The model's own chat template."),
        Argument(("--log-colors", "off")),
    ]
