"""This machine, no GPU needed: where the demo runs."""

local = [("@local", {"directory": ".homeport/local"})]

gpu_hosts = ["@local"]
gateways = ["@local"]
