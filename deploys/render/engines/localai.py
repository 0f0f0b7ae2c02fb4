"""LocalAI: its environment, from the plan. What it says of its model: localai_model.py.

Read in the source of 4.9.0 and never run here: tests hold what is rendered against its facts, and
start a double with it that reads as strictly (tests/lab/localai).
"""

from collections.abc import Iterator

from deploys.engine_facts.judging import Wrong
from deploys.engine_facts.localai_facts import LocalAiFacts
from deploys.engine_facts.localai_judging import wrong_in_environment, wrong_in_model
from deploys.plan.arguments import LocalAiArguments
from deploys.plan.plan import Pool, Replica
from deploys.questions.engine_answers import KIND_LABEL, NAME_LABEL
from deploys.render.engines.localai_model import MODELS, WEIGHTS, document, model_files
from deploys.render.engines.service import PORT, Argument, Service, load_seconds
from deploys.settings.localai import LocalAi

# SIGTERM has it wait up to 30 s for a model that is busy (pkg/model/process.go).
GRACE_SECONDS = 60
# Its own start, before it has its backend load the model.
START_SECONDS = 60
# Everything that it writes lies here, in memory: uploads, its state, what its backend says.
OWN = "/tmp/localai"  # noqa: S108 - in the container's own memory
TMP_MIB = 256
# Go starts a thread for each call that blocks, and the backend has its own.
LEAST_PIDS = 512
# As much as a gateway may let through (gateway.body_limit_mib); LocalAI's own 15 MB would refuse
# images that the gateway has taken.
UPLOAD_MB = 512
# No limit. 1 would have it leave out what is to be loaded at its start (SetMaxActiveBackends).
MOST_BACKENDS = "0"
# In the image, read-only: LocalAI takes a folder with a run.sh there for a backend of its name.
BACKENDS = "/var/lib/local-ai/backends"


def service(pool: Pool, replica: Replica) -> Service:
    """One LocalAI with one model."""
    plan = _plan(replica)
    url = f"http://127.0.0.1:{PORT}/readyz"
    return Service(
        arguments=[Argument(("run",), "Its settings are variables and the model's own file.")],
        health=("curl", "--fail", "--silent", "--show-error", url),
        health_reason="503 until the model is in memory, as LOCALAI_LOAD_TO_MEMORY asks; then 200.",
        start_period_seconds=START_SECONDS + load_seconds(replica),
        stop_grace_seconds=GRACE_SECONDS,
        user="10001:10001",
        tmp_options=f"size={TMP_MIB}m",
        pids_limit=LEAST_PIDS + 4 * plan.threads,
        environment=_environment(pool, replica, plan.own),
        environment_reason="What it could fetch, guess or change by itself is off.",
        labels={NAME_LABEL: pool.public_name, KIND_LABEL: pool.routing.kind},
        model_folder=f"{MODELS}/{WEIGHTS}",
        files=model_files(pool, replica, plan),
        files_folder=MODELS,
    )


def wrong(facts: LocalAiFacts, rendered: Service) -> Iterator[Wrong]:
    """Keys, values and variables that the version does not know: it would say so of none."""
    yield from wrong_in_environment(facts, rendered.environment)
    for entries in rendered.files.values():
        yield from wrong_in_model(facts, document(entries))


def _plan(replica: Replica) -> LocalAiArguments:
    if not isinstance(replica.arguments, LocalAiArguments):
        raise TypeError(f"{replica.name} is not one of localai")
    return replica.arguments


def _environment(pool: Pool, replica: Replica, own: LocalAi) -> dict[str, str]:
    # Without an address of the internet on any interface it needs no key; with one it refuses to
    # start: every key of LocalAI is an administrator's.
    named = {
        **({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"} if replica.gpus else {}),
        "HOME": OWN,
        "LOCALAI_ADDRESS": f":{PORT}",
        "LOCALAI_BACKENDS_PATH": f"{OWN}/backends",
        "LOCALAI_BACKENDS_SYSTEM_PATH": BACKENDS,
        "LOCALAI_CONFIG_DIR": f"{OWN}/configuration",
        "LOCALAI_DATA_PATH": f"{OWN}/data",
        "LOCALAI_GENERATED_CONTENT_PATH": f"{OWN}/generated",
        "LOCALAI_LOAD_TO_MEMORY": pool.public_name,
        "LOCALAI_LOG_LEVEL": "info",
        "LOCALAI_MAX_ACTIVE_BACKENDS": MOST_BACKENDS,
        "LOCALAI_MODELS_PATH": MODELS,
        "LOCALAI_THREADS": str(replica.arguments.threads),
        "LOCALAI_UPLOAD_LIMIT": str(UPLOAD_MB),
        "LOCALAI_UPLOAD_PATH": f"{OWN}/upload",
        "LOCALAI_VRAM_WARM_LIMIT": "0",
        "NO_COLOR": "1",
    }
    switches = {f"LOCALAI_{name}": str(on).lower() for name, on in _switches(own).items()}
    lists = () if own.gallery else ("LOCALAI_BACKEND_GALLERIES", "LOCALAI_GALLERIES")
    return dict(sorted({**named, **switches, **dict.fromkeys(lists, "[]")}.items()))


def _switches(own: LocalAi) -> dict[str, bool]:
    """Whether each is on. What guesses sizes would guess beside the plan; the watchdog ends answers
    that take five minutes.
    """
    return {
        "AUTOLOAD_BACKEND_GALLERIES": own.gallery,
        "AUTOLOAD_GALLERIES": own.gallery,
        "AUTO_UPGRADE_BACKENDS": False,
        "DISABLE_AGENTS": True,
        "DISABLE_ASSISTANT": True,
        "DISABLE_GALLERY_ENDPOINT": not own.gallery,
        "DISABLE_GUESSING": True,
        "DISABLE_HARDWARE_DEFAULTS": True,
        "DISABLE_MCP": True,
        "DISABLE_RUNTIME_SETTINGS": True,
        "DISABLE_WEBUI": not own.web_ui,
        "ENABLE_TRACING": False,
        "WATCHDOG_BUSY": False,
        "WATCHDOG_IDLE": False,
    }
