"""Staging: a chat model and embeddings through LocalAI, together on one RTX 4090."""

# Who comes in over SSH, and as what; who runs this has the host's key in inventories/known_hosts
# once it was compared at the console.
ssh_user, _sudo = "deploy", True
ssh_config_file = "inventories/ssh_config"

# Docker's own packages: Debian 12's are older than CDI, by which GPUs are given to containers.
docker = {"source": "docker"}
nvidia = {"driver": {"source": "nvidia", "modules": "open"}}

pools = {
    "chat": {
        # 12 GB in the numbers that it was trained in: nothing is lost, and half a card is left.
        "model": "gpt-oss-20b-gguf",
        "engine": "localai",
        # Beside the embeddings, on the one GPU that there is.
        "share_gpus": True,
        "context_tokens": 16384,
        "slots": 4,
        # One card holds no second one: while it is replaced, clients get 503 with Retry-After.
        "rollout": "swap",
        "drain_seconds": 120,
        "localai": {"keys": {"reasoning_effort": "medium"}},
    },
    "embeddings": {
        "model": "qwen3-embedding-0.6b-q8-0",
        "kind": "embeddings",
        "engine": "localai",
        "share_gpus": True,
        # Texts are computed at once, so this is also the batch; 2,048 tokens are four pages.
        "context_tokens": 2048,
        "slots": 4,
        "drain_seconds": 60,
    },
}

clients = {
    # One key for the team; `command:` asks a password store, and the key stands in no file here.
    "team": {"key": "command:pass show staging/team"},
}

gateway = {
    "address": "10.20.0.11",
    "port": 8080,
    "admin_port": 8081,
}

images = {
    # The official image. Tags move: `homeport lock staging` writes their digests, where a registry
    # can be asked, to inventories/images/staging.yaml, and they are rendered from there.
    "nginx": {"reference": "docker.io/library/nginx:1.30"},
}
