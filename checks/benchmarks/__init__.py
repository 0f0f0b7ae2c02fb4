"""Load on a gateway, and what it tells: see README.md."""
