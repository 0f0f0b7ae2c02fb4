"""Whether a pool's candidate is as good as the pool, by the gateways' logs, engines and prompts."""
