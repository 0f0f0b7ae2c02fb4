"""Production: large and small chat, vision, vectors and ranks behind one address."""

# Who comes in over SSH, and as what. `ssh_strict_host_key_checking = "yes"` with a committed
# `ssh_known_hosts_file` is for whoever has compared the hosts' keys at the console.
ssh_user, _sudo = "deploy", True
ssh_config_file = "inventories/ssh_config"

# Docker's own packages, which know CDI on Debian 12 as well; NVIDIA's open kernel modules, which
# H100 and L40S both take.
docker = {"source": "docker"}
nvidia = {"driver": {"source": "nvidia", "modules": "open"}}

pools = {
    # For hard questions: 117 billion weights, on four GPUs so that a token takes a quarter of the
    # time that reading them on one would. One replica on each host: either may be lost.
    "chat-large": {
        "model": "gpt-oss-120b",
        "engine": "vllm",
        "hosts": ["h100-1", "h100-2"],
        "tensor_parallel": 4,
        "replicas": 2,
        "context_tokens": 131072,
        "slots": 32,
        "waiting_requests": 64,
        # The beginning of a conversation is cached where its first request was.
        "affinity": {"header": "X-Session-Id"},
        "vllm": {"tool_parser": "openai", "reasoning_parser": "openai_gptoss"},
        # Its answers think first: a minute is usual, and ten are no accident.
        "drain_seconds": 900,
    },
    # For everything else: as many replicas as the H100 hold beside the large one.
    "chat": {
        "model": "gpt-oss-20b",
        "engine": "vllm",
        "hosts": ["h100-1", "h100-2"],
        "replicas": "fill",
        "context_tokens": 32768,
        "slots": 64,
        "waiting_requests": 128,
        "affinity": {"header": "X-Session-Id"},
        "vllm": {"tool_parser": "openai", "reasoning_parser": "openai_gptoss"},
    },
    # Up to four images of a request, as data: URLs in its body; nothing is fetched from anywhere.
    "vision": {
        "model": "qwen3-vl-8b",
        "engine": "vllm",
        "hosts": ["l40s-1", "l40s-2"],
        "replicas": "fill",
        # An image is up to 2,116 tokens; every slot has room for a whole request.
        "context_tokens": 16384,
        "slots": 8,
        "waiting_requests": 32,
        "vllm": {"tool_parser": "hermes", "media": {"image": 4}},
    },
    # Vectors and ranks are small: they share one L40S of each host.
    "embeddings": {
        "model": "qwen3-embedding-0.6b",
        "kind": "embeddings",
        "engine": "vllm",
        "hosts": ["l40s-1", "l40s-2"],
        "replicas": 2,
        "share_gpus": True,
        "context_tokens": 8192,
        "slots": 16,
        # The same text has the same vector: whoever asks again is not computed for again.
        "answer_cache": "by_client",
    },
    "rerank": {
        "model": "bge-reranker-v2-m3",
        "kind": "reranking",
        "engine": "vllm",
        "hosts": ["l40s-1", "l40s-2"],
        "replicas": 2,
        "share_gpus": True,
        "context_tokens": 8192,
        "slots": 16,
    },
}

clients = {
    # The password store is asked when clients are applied; gateways get digests.
    "assistant": {"key": "command:pass show production/assistant", "tier": "interactive"},
    "search": {"key": "command:pass show production/search", "tier": "interactive"},
    # Two keys, so that the next one is handed out before the last one ends.
    "batch": {
        "tier": "batch",
        "keys": {
            "2027-h1": {
                "key": "command:pass show production/batch-2027-h1",
                "valid_until": "2027-07-31",
            },
            "2027-h2": {"key": "command:pass show production/batch-2027-h2"},
        },
    },
    # `homeport verify` and `chat` ask with the key of a client without limits.
    "operations": {"key": "command:pass show production/operations"},
}

gateway = {
    "port": 443,
    "admin_port": 8081,
    # Whichever gateway is well has it; the other takes it over within two seconds.
    "shared_address": {"address": "10.30.0.10"},
    "tls": {
        "names": ["llm.example.net"],
        # Made for this example, and its key was thrown away: `homeport authority production
        # --renew` makes your own of both.
        "authority": {
            "certificate": "inventories/production-authority.pem",
            "key": "file:.homeport/production-authority.key",
        },
    },
    # Four images of 12 MiB, a third longer as base64.
    "body_limit_mib": 64,
    "workers": 4,
    "tiers": {
        # Counted by each gateway, which is all of it: one of them has the address.
        "interactive": {"requests_per_second": 50, "burst": 100, "concurrent_requests": 256},
        "batch": {"concurrent_requests": 64, "tokens_per_day": 500_000_000},
    },
}

images = {
    # The official images; vLLM's and those of monitors are their projects' own when left out. Tags
    # move: `homeport lock production` writes their digests, where registries can be asked, to
    # inventories/images/production.yaml, and they are rendered from there.
    "nginx": {"reference": "docker.io/library/nginx:1.30"},
    "postgresql": {"reference": "docker.io/pgvector/pgvector:0.8.1-pg18"},
}

retrieval = {
    "collections": {
        # 1,024 numbers in two bytes each: half the memory, and no answer that anybody told apart.
        "handbook": {"pool": "embeddings", "numbers": "half"},
        "tickets": {"pool": "embeddings", "numbers": "half"},
    },
    "memory_mib": 32768,
    "cpus": 4,
    "connections": 100,
    # Applications come in here, with the user that the host has made for them.
    "address": "10.30.0.41",
}

monitoring = {
    "grafana_password": "command:pass show production/grafana",
    "alerts": {"webhook": "command:pass show production/alert-webhook"},
    "objectives": {
        "chat-large": {"first_byte_seconds": 20.0},
        "chat": {"first_byte_seconds": 5.0},
        "vision": {"first_byte_seconds": 10.0},
        "embeddings": {"first_byte_seconds": 1.0},
        "rerank": {"first_byte_seconds": 1.0},
    },
    "retention_days": 90,
    "retention_gib": 200,
}

# Replicas that hang are taken out, restarted and let back in between applies.
watch = {"webhook": "command:pass show production/watch-webhook"}
