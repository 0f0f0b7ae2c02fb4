"""The demo: one tiny model, twice, behind one gateway on this machine's loopback address."""

pools = {
    "chat": {
        # Random weights made on the spot: it talks nonsense, and everything around it is real.
        # The one setting for a real model: the path or URL of a GGUF file.
        "model": "tiny-random",
        "engine": "llamacpp",
        "replicas": 2,
        "context_tokens": 2048,
        "slots": 2,
        # The buffers of llama-server's defaults (2048 and 512) would dwarf the tiny weights.
        "batch_tokens": 512,
        "micro_batch_tokens": 128,
        # Each is replaced in seconds, while the other carries on: a stand-in would take longer.
        "rollout": "shift",
        # Nothing of the demo dies of its first real batch: two seconds of trust instead of fifteen.
        "steady_seconds": 2,
    },
}

clients = {
    # `make demo` makes this key once and prints where it is.
    "demo": {"key": "file:.homeport/demo.key"},
}

gateway = {"address": "127.0.0.1", "port": 8080, "admin_port": 8081}

# Round numbers of an office's machine, for `homeport cost local`: put your own here.
cost = {"currency": "USD", "power_per_kwh": 0.30, "pue": 1.0, "staff_per_month": 100.0}
host_cost = {"price": 1200.0, "years": 4, "host_watts": {"idle": 20, "load": 60}}
