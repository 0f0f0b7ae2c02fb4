"""The double's backend: llama-server, or whatever takes its arguments, in a process of its own."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.05


def variable(name: str, default: str = "") -> str:
    """One of LocalAI's variables."""
    return os.environ.get(f"LOCALAI_{name}", default)


def arguments(model: dict[str, Any], port: int) -> list[str]:
    """What LocalAI's backend makes of the file, in llama-server's words."""
    folder = Path(variable("MODELS_PATH"))
    options = dict(option.split(":", 1) for option in model.get("options", ()))
    words = ["--model", str(folder / model["parameters"]["model"]), "--alias", model["name"]]
    words += ["--host", "127.0.0.1", "--port", str(port), "--no-ui", "--offline"]
    if "mmproj" in model:
        words += ["--mmproj", str(folder / model["mmproj"])]
    batch = str(model["parameters"]["batch"])
    words += ["--batch-size", batch, "--ubatch-size", options.pop("n_ubatch", batch)]
    for key, flag in FLAGS.items():
        if key in model:
            words += [flag, str(model[key])]
    words += [flag for key, flag in SWITCHES.items() if model.get(key) is True]
    for name, value in options.items():
        words += OPTIONS[name](value)
    return words


FLAGS = {
    "context_size": "--ctx-size",
    "threads": "--threads",
    "gpu_layers": "--gpu-layers",
    "flash_attention": "--flash-attn",
    "cache_type_k": "--cache-type-k",
    "cache_type_v": "--cache-type-v",
    "main_gpu": "--main-gpu",
    "tensor_split": "--tensor-split",
}
SWITCHES = {"embeddings": "--embeddings", "reranking": "--reranking"}
OPTIONS: dict[str, Callable[[str], list[str]]] = {
    "parallel": lambda value: ["--parallel", value],
    "kv_unified": lambda value: ["--kv-unified" if value == "true" else "--no-kv-unified"],
    "threads_batch": lambda value: ["--threads-batch", value],
    "fit_params": lambda value: ["--fit", "on" if value == "true" else "off"],
    "cache_ram": lambda value: ["--cache-ram", value],
    "context_shift": lambda value: ["--context-shift"] if value == "true" else [],
    "verbosity": lambda value: ["--log-verbosity", value],
    "use_jinja": lambda value: ["--jinja"] if value == "true" else [],
    "device": lambda value: ["--device", value],
    "split_mode": lambda value: ["--split-mode", value],
    "n_cpu_moe": lambda value: ["--n-cpu-moe", value],
}


class Backend:
    """The one process that computes."""

    port = 0
    kept: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None


def load(model: dict[str, Any]) -> str:
    """Has the backend run with the model; why not, or nothing."""
    if Backend.process is not None and Backend.process.poll() is None:
        return ""
    run = Path(variable("BACKENDS_SYSTEM_PATH")) / model["backend"] / "run.sh"
    if not run.is_file():
        print(f'ERROR Backend not found backend="{model["backend"]}"', flush=True)
        return f"failed to load model with internal loader: backend not found: {model['backend']}"
    Backend.kept = _kept()
    Backend.port = Backend.kept.getsockname()[1]
    log = Path(variable("DATA_PATH")) / "backend.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        words = [str(run), *arguments(model, Backend.port)]
        Backend.process = subprocess.Popen(words, stdout=said, stderr=said)
    waits = model.get("grpc", {"attempts": 20, "attempts_sleep_time": 2})
    return _waited(Backend.process, log, waits["attempts"] * waits["attempts_sleep_time"])


def _kept() -> socket.socket:
    """Bound to a free port, and open beside the backend's own: nobody else is given the port."""
    kept = socket.socket()
    # Either is enough; llama-server and other programs differ in which they use.
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        kept.setsockopt(socket.SOL_SOCKET, option, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


def _waited(process: subprocess.Popen[bytes], log: Path, seconds: float) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            print(f"WARN Backend process exited unexpectedly stderr={last}", flush=True)
            return "failed to load model with internal loader: could not load model: rpc error"
        if _is_ready():
            return ""
        time.sleep(LOOK_SECONDS)
    return "failed to load model with internal loader: grpc service not ready"


def _is_ready() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", Backend.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
