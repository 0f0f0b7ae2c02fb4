"""One host with one GPU of 24 GB, where a release is tried before production has it."""

staging = [("staging1", {"address": "10.20.0.11"})]

gpu_hosts = ["staging1"]
gateways = ["staging1"]
