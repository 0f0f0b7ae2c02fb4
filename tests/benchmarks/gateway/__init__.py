"""What the gateway costs beside a direct connection, a bare nginx and LiteLLM."""
